//! Where a page of a list begins: cursors that stay right while entries come and go.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which list a cursor belongs to; a cursor of one list is invalid in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ListKind {
    Tools = b'T',
    Resources = b'R',
    Templates = b'U',
    Prompts = b'P',
}

/// A place in a list: behind the entry with this registration number, whether or not it is still there.
/// Numbers only grow and are never used again, so insertions and removals shift nothing (T-ALL-50).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) list: ListKind,
    pub(crate) after: u64,
}

impl Cursor {
    /// The opaque form that clients send back.
    pub(crate) fn encode(self) -> String {
        let mut bytes = [0; 9];
        bytes[0] = self.list as u8;
        bytes[1..].copy_from_slice(&self.after.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor of `list`. The empty string is a value, and no valid one (T-ALL-50).
    pub(crate) fn decode(list: ListKind, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&kind, position) = bytes.split_first()?;
        let after = u64::from_be_bytes(position.try_into().ok()?);
        (kind == list as u8).then_some(Self { list, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_all_50_cursors_are_opaque_and_bound_to_their_list() {
        let cursor = Cursor {
            list: ListKind::Tools,
            after: 7,
        };
        let text = cursor.encode();
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        );
        assert_eq!(Cursor::decode(ListKind::Tools, &text), Some(cursor));
        assert_eq!(Cursor::decode(ListKind::Prompts, &text), None);
        for wrong in ["", "7", "AAAA", &text[1..], &format!("{text}="), "€"] {
            assert_eq!(Cursor::decode(ListKind::Tools, wrong), None, "{wrong:?}");
        }
    }
}
