//! Base64 (RFC 4648, section 4), in which a Secret writes its `data`.

/// The text that `encoded` stands for; `None` for what is no Base64 or no text.
pub(super) fn text(encoded: &str) -> Option<String> {
    let digits: Vec<u8> = encoded.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let written = digits.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let padding = digits.len() - written;
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(written / 4 * 3 + 2);
    for group in digits.get(..written)?.chunks(4) {
        let mut bits = 0_u32;
        for &digit in group {
            bits = bits << 6 | value(digit)?;
        }
        let whole = (bits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.extend_from_slice(whole.get(1..group.len())?);
    }
    String::from_utf8(bytes).ok()
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn the_examples_of_the_rfc() {
        for (encoded, plain) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9v\n  YmFy\n", "foobar"),
            ("LXcgNA==", "-w 4"),
        ] {
            assert_eq!(text(encoded).as_deref(), Some(plain), "{encoded}");
        }
        for wrong in ["Z", "Zg", "Zg=", "Z===", "====", "Zm9v=Zg=", "Zm 9-", "/w==", "{{ x }}"] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }
}
