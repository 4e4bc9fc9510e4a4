//! Where the next page of a list is, and how pages become one answer; pure.
//!
//! An API says so with a `Link` header (RFC 8288), with a cursor in its answer for a parameter of the operation,
//! or counts its pages, or its items with an offset and a limit. Anything else has one page.

use bytes::Bytes;
use http::header::LINK;
use http::{HeaderMap, Method, Request, Response, Uri};
use serde_json::Value;
use url::Url;

use crate::operation::{Location, Operation, essence, is_json};
use crate::response::Joined;

/// Members of an answer that hold where the next page begins.
const CURSORS: [&str; 6] = [
    "next_cursor",
    "nextCursor",
    "next_page_token",
    "nextPageToken",
    "next_token",
    "nextToken",
];

/// Members that a cursor may stand in.
const AROUND: [&str; 4] = ["meta", "pagination", "paging", "response_metadata"];

/// Query parameters that take a cursor.
const CURSOR_PARAMETERS: [&str; 8] = [
    "cursor",
    "page_token",
    "pageToken",
    "next_token",
    "nextToken",
    "next_cursor",
    "nextCursor",
    "after",
];

/// Query parameters that say how many items to leave out, all counted from 0.
const OFFSET_PARAMETERS: [&str; 3] = ["offset", "skip", "$skip"];

/// Query parameters that say how many items a page has; beside one of them an offset counts items.
const LIMIT_PARAMETERS: [&str; 10] = [
    "limit",
    "top",
    "$top",
    "take",
    "count",
    "size",
    "page_size",
    "pageSize",
    "per_page",
    "perPage",
];

/// Members of an answer that hold how many items there are in all.
const TOTALS: [&str; 4] = ["total", "total_count", "totalCount", "@odata.count"];

/// The pages of one answer.
pub(super) struct Pages {
    count: u32,
    last: Value,
    items: Vec<Value>,
    /// How many items the first page had, and the last.
    sizes: (usize, usize),
}

impl Pages {
    /// Begins with the first page; `None` if the answer is not one of a list.
    pub(super) fn first(operation: &Operation, response: &Response<Bytes>) -> Option<Self> {
        if operation.method != Method::GET || !response.status().is_success() {
            return None;
        }
        let (last, items) = page(response)?;
        Some(Self {
            count: 1,
            sizes: (items.len(), items.len()),
            last,
            items,
        })
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Takes another page; `false` if it is none.
    pub(super) fn add(&mut self, response: &Response<Bytes>) -> bool {
        let Some((last, mut items)) = page(response).filter(|_| response.status().is_success())
        else {
            return false;
        };
        // An API that does not know the parameter gives the same page for ever.
        if self.items.ends_with(&items) {
            items.clear();
        }
        self.count += 1;
        self.sizes.1 = items.len();
        self.items.extend(items);
        self.last = last;
        true
    }

    /// Where the next page is, after the request for this one and its response.
    pub(super) fn next(
        &self,
        operation: &Operation,
        request: &Request<Bytes>,
        response: &Response<Bytes>,
    ) -> Option<Uri> {
        let asked = Url::parse(&request.uri().to_string()).ok()?;
        let next = match linked(response.headers(), &asked) {
            Some(next) => next,
            None => self
                .by_cursor(operation, &asked)
                .or_else(|| self.by_number(operation, &asked))
                .or_else(|| self.by_offset(operation, &asked))?,
        };
        // Credentials travel with the request, so it stays where it was.
        let is_new = next != asked && next.origin() == asked.origin();
        is_new.then(|| next.as_str().parse().ok())?
    }

    fn by_cursor(&self, operation: &Operation, asked: &Url) -> Option<Url> {
        let name = query_parameter(operation, |it| CURSOR_PARAMETERS.contains(&it))?;
        let cursor = self.member(&CURSORS)?;
        let cursor = match cursor {
            Value::String(text) if !text.is_empty() => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(with_query(asked, name, &cursor))
    }

    /// Pages that are counted end with one that is not full.
    fn by_number(&self, operation: &Operation, asked: &Url) -> Option<Url> {
        let name = query_parameter(operation, |it| it == "page")?;
        let (first, last) = self.sizes;
        if last == 0 || last < first {
            return None;
        }
        let given = asked.query_pairs().find(|(key, _)| key == name);
        // Without a number it is open whether pages count from 0 or from 1.
        let number: u64 = given?.1.parse().ok()?;
        Some(with_query(asked, name, &number.checked_add(1)?.to_string()))
    }

    /// Items that are counted end with a page that has less than the limit, or with the last of all.
    fn by_offset(&self, operation: &Operation, asked: &Url) -> Option<Url> {
        let name = query_parameter(operation, |it| OFFSET_PARAMETERS.contains(&it))?;
        let limit = query_parameter(operation, |it| LIMIT_PARAMETERS.contains(&it))?;
        let given = |name: &str| {
            let mut pairs = asked.query_pairs();
            let (_, value) = pairs.find(|(key, _)| key == name)?;
            Some(value.parse::<usize>().ok())
        };
        let (first, last) = self.sizes;
        // An API may have a limit of its own below the one that is asked for.
        let full = given(limit)
            .flatten()
            .map_or(first, |limit| first.min(limit));
        if last == 0 || last < full {
            return None;
        }
        let next = given(name).unwrap_or(Some(0))?.checked_add(last)?;
        let total = self.member(&TOTALS).and_then(Value::as_u64);
        let is_end = total.is_some_and(|total| u64::try_from(next).is_ok_and(|it| it >= total));
        (!is_end).then(|| with_query(asked, name, &next.to_string()))
    }

    /// The first of these members of the last page that says something, beside the list or where such things stand.
    fn member(&self, names: &[&str]) -> Option<&Value> {
        let inner = AROUND.iter().filter_map(|it| self.last.get(it));
        let mut all = std::iter::once(&self.last)
            .chain(inner)
            .flat_map(|it| names.iter().filter_map(move |name| it.get(name)));
        all.find(|it| !it.is_null())
    }

    /// All pages as one answer; `more` is where further ones would be.
    pub(super) fn join(
        self,
        mut response: Response<Bytes>,
        asked: &Uri,
        more: Option<&Uri>,
    ) -> Response<Bytes> {
        if self.count == 1 && more.is_none() {
            return response;
        }
        let mut whole = self.last;
        if let Some(list) = list_of(&mut whole) {
            *list = self.items;
        }
        let pages = if self.count == 1 { "page" } else { "pages" };
        let mut note = format!("[{} {pages} of the list", self.count);
        if let Some(more) = more {
            note.push_str("; there may be more");
            let changed = changed(asked, more);
            if !changed.is_empty() {
                note.push_str(&format!(", from {changed} on"));
            }
        }
        note.push(']');
        *response.body_mut() = whole.to_string().into();
        response.extensions_mut().insert(Joined(note));
        response
    }
}

/// A page and its items.
fn page(response: &Response<Bytes>) -> Option<(Value, Vec<Value>)> {
    let media_type = response.headers().get(http::header::CONTENT_TYPE)?;
    if !is_json(&essence(media_type.to_str().ok()?)) {
        return None;
    }
    let mut value: Value = serde_json::from_slice(response.body()).ok()?;
    let items = std::mem::take(list_of(&mut value)?);
    Some((value, items))
}

/// The list that a page is: itself, or the only list among its members.
fn list_of(value: &mut Value) -> Option<&mut Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        Value::Object(map) => {
            let mut lists = map.values_mut().filter_map(Value::as_array_mut);
            let only = lists.next()?;
            lists.next().is_none().then_some(only)
        }
        _ => None,
    }
}

/// The target of the link to the next page.
fn linked(headers: &HeaderMap, asked: &Url) -> Option<Url> {
    let values = headers
        .get_all(LINK)
        .iter()
        .filter_map(|it| it.to_str().ok());
    let links = values.flat_map(|it| it.split('<').skip(1));
    let next = links
        .filter_map(|it| it.split_once('>'))
        .find(|(_, parameters)| {
            parameters.split([';', ',']).any(|parameter| {
                let bare: String = parameter
                    .chars()
                    .filter(|it| !" \"".contains(*it))
                    .collect();
                bare.eq_ignore_ascii_case("rel=next")
            })
        });
    let (next, _) = next?;
    asked.join(next).ok()
}

fn query_parameter(operation: &Operation, is_wanted: impl Fn(&str) -> bool) -> Option<&str> {
    let mut all = operation.parameters.iter();
    let found = all.find(|it| it.location == Location::Query && is_wanted(&it.name));
    found.map(|it| it.name.as_str())
}

/// The URL with one query parameter set.
fn with_query(url: &Url, name: &str, value: &str) -> Url {
    let mut changed = url.clone();
    let others = url.query_pairs().filter(|(key, _)| key != name);
    let mut pairs = changed.query_pairs_mut();
    pairs.clear().extend_pairs(others).append_pair(name, value);
    drop(pairs);
    changed
}

/// The query parameters of `next` that `asked` has not or has otherwise, as text.
fn changed(asked: &Uri, next: &Uri) -> String {
    let pairs = |uri: &Uri| -> Vec<(String, String)> {
        let query = uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    };
    let before = pairs(asked);
    let changed = pairs(next).into_iter().filter(|it| !before.contains(it));
    let changed: Vec<String> = changed
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    changed.join(" and ")
}
