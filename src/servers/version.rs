//! Versions of servers, as far as tables need them: three numbers.

use std::fmt;
use std::str::FromStr;

/// A released version of a server or a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u16,
    minor: u16,
    patch: u16,
}

/// Text that is no released version, such as a range or a pre-release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no released version")]
pub struct VersionError(String);

impl Version {
    /// The version `major.minor.patch`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

/// Reads `27.0.1`, `21.2` and `20`; what is not written counts as zero.
///
/// Pre-releases are refused: whether one already has a setting is not in any table. A local part
/// (`+debian1`) and a post-release (`.post1`) change no behaviour and are passed over.
impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || VersionError(text.to_owned());
        let public = text.trim().split('+').next().unwrap_or_default();
        let public = public.split_once(".post").map_or(public, |(before, _)| before);
        let mut numbers = [0; 3];
        for (i, part) in public.split('.').enumerate() {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let number = digits.then(|| part.parse::<u16>().ok()).flatten().ok_or_else(error)?;
            if let Some(slot) = numbers.get_mut(i) {
                *slot = number;
            }
        }
        let [major, minor, patch] = numbers;
        Ok(Self { major, minor, patch })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_people_pin_them() {
        let read = |text: &str| text.parse::<Version>().ok();
        assert_eq!(read("27.0.1"), Some(Version::new(27, 0, 1)));
        assert_eq!(read("20"), Some(Version::new(20, 0, 0)));
        assert_eq!(read("21.2"), Some(Version::new(21, 2, 0)));
        assert_eq!(read("1.2.3.4"), Some(Version::new(1, 2, 3)));
        assert_eq!(read("20.1.0+debian1"), Some(Version::new(20, 1, 0)));
        assert_eq!(read("20.1.0.post2"), Some(Version::new(20, 1, 0)));
        for wrong in ["", "20.", "24.0.0b1", "1.x", ">=20", "-1", "99999999"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert!(Version::new(9, 9, 9) < Version::new(10, 0, 0));
    }
}
