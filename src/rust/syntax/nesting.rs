//! How deep a text nests, told from its characters: a parser that calls itself for every bracket has to be spared
//! what no person wrote.

/// Brackets within brackets.
const MAX_DEPTH: usize = 160;
/// Signs between two commas, semicolons or braces, each of which may make the tree one level deeper.
const MAX_RUN: usize = 3_000;

/// Whether a text nests so deep that its tree would be.
pub(super) fn is_hostile(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut depth, mut run, mut at) = (0_usize, 0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => {
                at = text[at..].find('\n').map_or(bytes.len(), |length| at + length);
                continue;
            }
            b'"' => at = behind_text(bytes, at),
            // The quote of a character, whose bracket would count.
            b'\'' if bytes.get(at + 2) == Some(&b'\'') => at += 2,
            b'(' | b'[' | b'{' => {
                depth += 1;
                run = if bytes[at] == b'{' { 0 } else { run + 1 };
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' | b',' => run = 0,
            b'.' | b'!' | b'&' | b'*' | b'-' | b'+' | b'?' | b'|' | b'=' | b'<' | b':' | b'e' => run += 1,
            _ => {}
        }
        if depth > MAX_DEPTH || run > MAX_RUN {
            return true;
        }
        at += 1;
    }
    false
}

/// The closing quote of a text; backslashes escape, which is wrong only where raw texts end in one.
fn behind_text(bytes: &[u8], start: usize) -> usize {
    let raw = start > 0 && matches!(bytes[start - 1], b'r' | b'#');
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !raw => at += 1,
            b'"' => return at,
            _ => {}
        }
        at += 1;
    }
    at
}
