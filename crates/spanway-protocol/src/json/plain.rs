//! Finds in a text what a JSON string cannot hold as it is.

/// How many bytes come before the first that is a control character, a quote or a backslash; eight are looked at
/// together.
pub(crate) fn plain_until(text: &[u8]) -> usize {
    let mut left = text;
    while let Some((word, rest)) = left.split_first_chunk() {
        let plain = plain_bytes(u64::from_le_bytes(*word));
        if plain < word.len() {
            return text.len() - left.len() + plain;
        }
        left = rest;
    }
    let odd = |&byte: &u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let plain = left.iter().position(odd).unwrap_or(left.len());
    text.len() - left.len() + plain
}

/// How many bytes of a word, from the lowest on, come before a control character, a quote or a backslash.
const fn plain_bytes(word: u64) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = EACH << 7;
    let quote = word ^ (EACH * b'"' as u64);
    let backslash = word ^ (EACH * b'\\' as u64);
    // A byte that goes below zero gets its highest bit set. It borrows from those above it, which may be
    // wrong then; the lowest is right. A byte beyond ASCII has the bit anyway and needs no escape.
    let below_zero = word.wrapping_sub(EACH * b' ' as u64)
        | quote.wrapping_sub(EACH)
        | backslash.wrapping_sub(EACH);
    (below_zero & !word & HIGHEST).trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_plain_up_to_the_first_byte_that_is_not(text: Vec<u8>) {
            let ends = text.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
            prop_assert_eq!(plain_until(&text), ends.unwrap_or(text.len()));
        }
    }
}
