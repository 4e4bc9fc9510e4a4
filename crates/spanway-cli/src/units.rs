//! Sizes and durations as people write them: `4mb`, `15s`, `1h`.

use std::time::Duration;

/// Bytes from `4mb`, `512kb`, `100` or `100bytes`; binary multiples, in any case.
///
/// # Errors
/// A sentence that says what would do.
pub(crate) fn parse_size(text: &str) -> Result<usize, String> {
    let (number, unit) = split(text);
    let factor: usize = match unit.to_ascii_lowercase().as_str() {
        "" | "b" | "byte" | "bytes" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => {
            return Err(format!(
                "{text:?} is no size; write it like 4mb, 512kb or 1000"
            ));
        }
    };
    let number: Option<usize> = number.parse().ok();
    let bytes = number
        .and_then(|number| number.checked_mul(factor))
        .filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| format!("{text:?} is no size; write it like 4mb, 512kb or 1000"))
}

/// A duration from `15s`, `500ms`, `10m`, `1h` or `2d`; a bare number is seconds.
///
/// # Errors
/// A sentence that says what would do.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let millis: u64 = match unit.to_ascii_lowercase().as_str() {
        "ms" => 1,
        "" | "s" | "sec" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => {
            return Err(format!(
                "{text:?} is no duration; write it like 15s, 500ms or 1h"
            ));
        }
    };
    let number: Option<u64> = number.parse().ok();
    let whole = number
        .and_then(|number| number.checked_mul(millis))
        .filter(|millis| *millis > 0);
    whole
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{text:?} is no duration; write it like 15s, 500ms or 1h"))
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_2_sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("4mb", 4 << 20),
            ("1 KB", 1024),
            ("100", 100),
            ("7bytes", 7),
            ("1gib", 1 << 30),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "mb",
            "-1",
            "0",
            "1.5mb",
            "4 parsecs",
            "99999999999999999999gb",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in [
            ("15s", 15_000),
            ("500ms", 500),
            ("1h", 3_600_000),
            ("2 min", 120_000),
            ("3", 3000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in ["", "s", "0s", "-5s", "1y", "99999999999999999999d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
