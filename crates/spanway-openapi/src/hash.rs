//! A short hash that is the same on every machine and in every release, for names that must not move.

/// Eight hexadecimal digits of the 64-bit FNV-1a hash of `text`.
pub(crate) fn short_hash(text: &str) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = text.bytes().fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    format!("{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

/// `name` in at most `bytes_max` bytes: cut, with the hash of `identity` in place of what is lost.
///
/// `name` must be ASCII, as every sanitised name is.
pub(crate) fn shorten(name: &str, identity: &str, bytes_max: usize) -> String {
    if name.len() <= bytes_max {
        return name.to_owned();
    }
    let kept: String = name.chars().take(bytes_max.saturating_sub(9)).collect();
    format!("{}_{}", kept.trim_end_matches('_'), short_hash(identity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_never_changes() {
        assert_eq!(short_hash("GET /pets"), short_hash("GET /pets"));
        assert_ne!(short_hash("GET /pets"), short_hash("GET /pet"));
        assert_eq!(short_hash("").len(), 8);
    }

    #[test]
    fn a_long_name_is_cut_and_told_apart() {
        let long = "a".repeat(80);
        let short = shorten(&long, "GET /a", 64);
        assert_eq!(short.len(), 64);
        assert_ne!(short, shorten(&long, "GET /b", 64));
        assert_eq!(shorten("short", "GET /a", 64), "short");
    }
}
