//! Files of a call that are given by the URI of a resource: read with the rights of the caller, then sent on.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use spanway_server::{Context, Principal, UriTemplate};

use super::{Bridge, Caller, Unread};
use crate::arguments::Target;
use crate::operation::Operation;
use crate::resource::Place;
use crate::response::media_type;

/// Whether a caller may see a resource.
type Decision = Box<dyn Fn(Option<&Principal>) -> bool + Send + Sync>;

/// A resource, or many by a template, that files can be taken from.
pub(crate) struct Source {
    template: UriTemplate,
    place: Arc<Place>,
    may_see: Option<Decision>,
}

impl Source {
    /// What is at `place`, for those who may see it; `None` if its URI cannot be understood.
    pub(crate) fn new<D>(place: Arc<Place>, may_see: Option<D>) -> Option<Self>
    where
        D: Fn(Option<&Principal>) -> bool + Send + Sync + 'static,
    {
        Some(Self {
            template: UriTemplate::parse(place.template()).ok()?,
            place,
            may_see: may_see.map(|decide| Box::new(decide) as Decision),
        })
    }

    /// The arguments with which the operation gives what is at `uri`.
    fn arguments(&self, uri: &str, context: &Context) -> Option<Map<String, Value>> {
        let values = self.template.matches(uri)?;
        let may_see = self.may_see.as_ref();
        if may_see.is_some_and(|decide| !decide(context.principal())) {
            return None;
        }
        self.place
            .arguments(|variable| values.get(variable)?.as_str())
    }
}

impl Bridge {
    /// From now on files can be taken from these. Only the first time counts.
    pub(crate) fn take_files_from(&self, sources: Vec<Source>) {
        // Whoever exposes a bridge twice gets the same resources twice.
        let _ = self.sources.set(sources);
    }

    /// The arguments with the files that they name by URI in them.
    pub(super) async fn with_files<'a>(
        &self,
        operation: &Operation,
        arguments: &'a Map<String, Value>,
        caller: Caller<'_>,
    ) -> Result<Cow<'a, Map<String, Value>>, String> {
        let mut whole = Cow::Borrowed(arguments);
        let Some(context) = caller.context else {
            return Ok(whole);
        };
        for binding in &operation.arguments.bindings {
            if !matches!(binding.target, Target::Property { file: true, .. }) {
                continue;
            }
            let Some(given) = arguments.get(&binding.argument) else {
                continue;
            };
            let taken = match given {
                Value::Array(files) => {
                    let mut taken = Vec::with_capacity(files.len());
                    for file in files {
                        taken.push(self.taken(file, context).await?.unwrap_or(file.clone()));
                    }
                    Some(Value::Array(taken))
                }
                file => self.taken(file, context).await?,
            };
            if let Some(taken) = taken {
                whole.to_mut().insert(binding.argument.clone(), taken);
            }
        }
        Ok(whole)
    }

    /// The file that a URI names, as a `data:` URI; `None` if the text is not that of a resource.
    async fn taken(&self, file: &Value, context: &Context) -> Result<Option<Value>, String> {
        let (Some(uri), Some(sources)) = (file.as_str(), self.sources.get()) else {
            return Ok(None);
        };
        let mut all = sources.iter();
        let found = all.find_map(|it| Some((&it.place, it.arguments(uri, context)?)));
        let Some((place, arguments)) = found else {
            return Ok(None);
        };
        // Boxed, since reading is a call too.
        let read = Box::pin(self.read_at(place.index, &arguments, context)).await;
        match read {
            Ok(response) => Ok(Some(as_data(uri, place, &response).into())),
            Err(Unread::Missing) => Err(format!("there is nothing at {uri}")),
            Err(Unread::Failed(text)) => Err(format!("{uri} cannot be read: {text}")),
        }
    }
}

fn as_data(uri: &str, place: &Place, response: &Response<Bytes>) -> String {
    let told = media_type(response.headers());
    let declared = place.mime_type.as_deref().unwrap_or_default();
    let media_type = if told.is_empty() { declared } else { &told };
    // Nothing of it may end what comes before the content.
    let media_type = media_type.split([';', ',']).next().unwrap_or_default();
    let name = uri.rsplit('/').find(|it| !it.is_empty()).unwrap_or("file");
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let content = STANDARD.encode(response.body());
    format!("data:{media_type};name={name};base64,{content}")
}
