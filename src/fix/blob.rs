//! The name that git gives a text: the SHA-1 of `blob`, its length and its bytes (gitformat-index).
//!
//! For telling texts apart that git has or has not, never for anything that somebody might forge.

use sha1_smol::Sha1;

/// The name of a file of these bytes.
pub(super) fn name(content: &[u8]) -> [u8; 20] {
    let mut sum = Sha1::from(format!("blob {}\0", content.len()));
    sum.update(content);
    sum.digest().bytes()
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
