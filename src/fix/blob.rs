//! The name that git gives a text: the SHA-1 of `blob`, its length and its bytes (gitformat-index, RFC 3174).
//!
//! For telling texts apart that git has or has not, never for anything that somebody might forge.

/// The name of a file of these bytes.
pub(super) fn name(content: &[u8]) -> [u8; 20] {
    let mut message = format!("blob {}\0", content.len()).into_bytes();
    message.extend_from_slice(content);
    sha1(message)
}

fn sha1(mut message: Vec<u8>) -> [u8; 20] {
    let bits = (message.len() as u64).wrapping_mul(8);
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend_from_slice(&bits.to_be_bytes());
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in message.chunks_exact(64) {
        let mut words: Vec<u32> = Vec::with_capacity(80);
        words.extend(block.chunks_exact(4).map(|word| word.iter().fold(0, |all, &byte| all << 8 | u32::from(byte))));
        for at in 16..80 {
            let mixed = [3, 8, 14, 16].iter().filter_map(|back| words.get(at - back)).fold(0, |all, word| all ^ word);
            words.push(mixed.rotate_left(1));
        }
        state = round(state, &words);
    }
    let mut name = [0; 20];
    for (bytes, word) in name.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    name
}

/// The state after the eighty words of a block.
#[allow(clippy::many_single_char_names, reason = "the names of the specification")]
fn round(state: [u32; 5], words: &[u32]) -> [u32; 5] {
    let [mut a, mut b, mut c, mut d, mut e] = state;
    for (at, word) in words.iter().enumerate() {
        let (f, k) = match at / 20 {
            0 => ((b & c) | (!b & d), 0x5a82_7999),
            1 => (b ^ c ^ d, 0x6ed9_eba1),
            2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    let mut after = state;
    for (sum, part) in after.iter_mut().zip([a, b, c, d, e]) {
        *sum = sum.wrapping_add(part);
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(content: &[u8]) -> String {
        name(content).iter().fold(String::new(), |shown, byte| shown + &format!("{byte:02x}"))
    }

    /// As `git hash-object` says.
    #[test]
    fn names_are_those_of_git() {
        assert_eq!(shown(b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(shown(b"workers = 1\n"), "de265357959572587a5abc1a81daacb1f0ba707a");
        assert_eq!(shown(&[b'x'; 200]), "debcf03c10222209e6ac75be3fa2c1796d204d91");
    }
}
