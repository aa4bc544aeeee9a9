//! The comments of a file of Rust.
//!
//! Only those that begin with two slashes: nobody addresses anything to a program in the middle of a line.

use crate::source::{Comment, Span};

/// The comments of a text, in order.
pub fn comments(text: &str) -> Vec<Comment> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let end = text[at..].find('\n').map_or(bytes.len(), |length| at + length);
                let line = text[..at].rfind('\n').map_or(0, |before| before + 1);
                let own_line = text[line..at].trim().is_empty();
                found.push(Comment { span: Span::new(at, end), own_line });
                at = end;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = text[at..].find("*/").map_or(bytes.len(), |length| at + length + 1);
            }
            b'r' if bytes[at + 1..].iter().find(|byte| **byte != b'#') == Some(&b'"') && !is_word(bytes, at) => {
                at = behind_raw(text, at + 1);
            }
            b'"' => at = behind_text(bytes, at),
            b'\'' if bytes.get(at + 1) == Some(&b'\\') => at += 3,
            b'\'' if bytes.get(at + 2) == Some(&b'\'') => at += 2,
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether the byte goes on with a name.
fn is_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') && bytes[at - 1] != b'b'
}

fn behind_raw(text: &str, start: usize) -> usize {
    let signs = text[start..].bytes().take_while(|byte| *byte == b'#').count();
    let end = format!("\"{}", "#".repeat(signs));
    let from = start + signs + 1;
    text.get(from..).and_then(|rest| rest.find(&end)).map_or(text.len(), |length| from + length + signs)
}

fn behind_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += 1 + usize::from(bytes[at] == b'\\');
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hold_no_comments() {
        let text = "let a = \"// no\"; // yes\nlet b = r#\"\"// no\"#; let c = '\"'; // yes too\n/* // no */ // own\n";
        let found: Vec<&str> = comments(text).iter().map(|one| &text[one.span.start..one.span.end]).collect();
        assert_eq!(found, ["// yes", "// yes too", "// own"]);
    }
}
