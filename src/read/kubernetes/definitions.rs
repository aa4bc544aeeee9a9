//! Documents that define kinds of resources, which take megabytes and start nothing.

use std::borrow::Cow;

/// The line that says what such a document is.
const DEFINES: &str = "\nkind: CustomResourceDefinition";

/// The text with blanks in the place of such documents, so that everything else stands where it stood.
pub(super) fn blanked(text: &str) -> Cow<'_, str> {
    if !text.contains(DEFINES) {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.get(1..).and_then(|behind| behind.find("\n---")).map_or(rest.len(), |at| at + 2);
        let (document, behind) = rest.split_at(end);
        rest = behind;
        if !document.contains(DEFINES) {
            whole.push_str(document);
            continue;
        }
        // What begins a document stays.
        let body = document.find('\n').filter(|_| document.starts_with("---")).unwrap_or(0);
        let (front, body) = document.split_at(body);
        whole.push_str(front);
        whole.extend(body.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
    }
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_left_blank() {
        let text = "apiVersion: v1\nkind: Pod\n---\napiVersion: x\nkind: CustomResourceDefinition\nname: \u{e9}\n---\nkind: Service\n";
        let blank = blanked(text);
        assert_eq!(blank.len(), text.len());
        assert_eq!(blank.lines().count(), text.lines().count());
        assert!(blank.starts_with("apiVersion: v1\nkind: Pod\n---\n ") && blank.ends_with(" \n---\nkind: Service\n"));
        assert!(!blank.contains("Custom"));
        assert_eq!(blanked("kind: Pod\n"), "kind: Pod\n");
        let first = "a: 1\nkind: CustomResourceDefinition\n";
        assert_eq!(blanked(first).trim(), "");
    }
}
