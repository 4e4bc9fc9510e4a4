//! The variables of a resource template as a typed value, read from strings.

use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::{ExtractError, FromCall, ResourceCall};

/// The variables of the template that matched, as a `T`: a struct with one field per variable. A value that
/// does not fit its field (no number where a number is wanted) means that there is no such resource.
///
/// ```
/// use serde::Deserialize;
/// use spanway_server::{Params, Resource};
///
/// #[derive(Deserialize)]
/// struct Book {
///     id: u32,
/// }
///
/// async fn read_book(Params(book): Params<Book>) -> String {
///     format!("Book number {}", book.id)
/// }
///
/// let resource: Resource = Resource::template("book://{id}", "book", read_book);
/// ```
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made to be taken apart in a parameter list"
)]
pub struct Params<T>(
    /// The values.
    pub T,
);

impl<S, T: DeserializeOwned + Send> FromCall<S, ResourceCall> for Params<T> {
    fn from_call(call: &mut ResourceCall, _: &S) -> Result<Self, ExtractError> {
        let pairs = call
            .variables
            .iter()
            .filter_map(|(name, value)| match value {
                Value::String(text) => Some((name.as_str(), Text(text))),
                _ => None,
            });
        T::deserialize(MapDeserializer::new(pairs))
            .map(Self)
            .map_err(|error: Error| ExtractError::arguments(error.to_string()))
    }
}

/// A string that reads as whatever is asked for.
struct Text<'a>(&'a str);

impl<'de> IntoDeserializer<'de, Error> for Text<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parse {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => visitor.visit_str(self.0),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Error;

    parse! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
        deserialize_f32 visit_f32 deserialize_f64 visit_f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}
