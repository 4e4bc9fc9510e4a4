//! What this crate writes against the published definitions, one definition at a time.

use serde_json::Value;
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::Project;
use spanway_testkit::published::{Reading, Revision};

use crate::samples::write;

/// One definition of one revision: as it is published, and closed, so that nothing of another revision
/// passes.
pub(crate) struct Definition {
    revision: &'static Revision,
    name: &'static str,
    readings: &'static [Reading],
}

impl Definition {
    /// The definition of that name; `None` where the published schemas are not at hand.
    pub(crate) fn find(version: ProtocolVersion, name: &'static str) -> Option<Self> {
        let revision = Revision::of(version)?;
        Some(Self {
            revision,
            name,
            readings: &[Reading::Open, Reading::Closed],
        })
    }

    /// The definition of that name of the tasks extension. Its definitions are put together from others, so
    /// that they cannot be closed.
    pub(crate) fn of_tasks(name: &'static str) -> Option<Self> {
        Some(Self {
            revision: Revision::of_tasks()?,
            name,
            readings: &[Reading::Open],
        })
    }

    /// Checks what is written of `value` for the revision.
    pub(crate) fn check<T: Project>(&self, value: &T) {
        self.check_json(&write(self.revision.version(), value));
    }

    /// Checks a message that is written already.
    pub(crate) fn check_json(&self, written: &Value) {
        assert_no_null(written);
        for &reading in self.readings {
            let problems = self.revision.problems(self.name, reading, written);
            let (version, name) = (self.revision.version(), self.name);
            assert!(
                problems.is_empty(),
                "{version} {reading:?} {name}: {problems:#?}\n{written:#}"
            );
        }
    }
}

/// Trap 44: an optional field is left out, never `null`.
fn assert_no_null(value: &Value) {
    match value {
        Value::Null => panic!("an optional field is written as null"),
        Value::Array(items) => items.iter().for_each(assert_no_null),
        Value::Object(map) => map.values().for_each(assert_no_null),
        _ => {}
    }
}
