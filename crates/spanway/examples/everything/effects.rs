//! Tools whose effects can be seen from outside the call: what was charged, which calls still run, what
//! changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use spanway::{Args, Context, State, Tool, ToolError};
use tokio::time::sleep;

use crate::Fixture;
use crate::resources::WATCHED_RESOURCE;

const OPEN_ORDERS_MAX: usize = 1_000;
const SLOW_SECONDS_MAX: u64 = 120;

pub(crate) fn tools() -> Vec<Tool<Fixture>> {
    vec![
        Tool::new("test_once", once)
            .description("Charges between two questions, and tells how often it did."),
        Tool::new("test_slow", slow).description("Takes its time, after telling that it began."),
        Tool::new("test_slow_is_running", slow_is_running)
            .description("Tells whether a slow call of this name still runs.")
            .read_only(),
        Tool::new("test_trigger_resource_change", change_resource)
            .description("Tells those that watch it that the watched resource changed."),
    ]
}

/// What calls did, by the names their callers gave them.
#[derive(Default)]
pub(crate) struct Effects {
    charged: Mutex<BTreeMap<String, u32>>,
    running: Mutex<BTreeSet<String>>,
}

impl Effects {
    /// Charges the order, as often as it is called, and gives the number of the receipt.
    fn charge(&self, order: &str) -> Result<u32, &'static str> {
        let mut charged = locked(&self.charged);
        if charged.len() >= OPEN_ORDERS_MAX && !charged.contains_key(order) {
            return Err("too many open orders");
        }
        let times = charged.entry(order.to_owned()).or_default();
        *times += 1;
        Ok(*times)
    }

    /// Closes the order and tells how often it was charged.
    fn settle(&self, order: &str) -> u32 {
        locked(&self.charged).remove(order).unwrap_or_default()
    }

    fn begin(self: Arc<Self>, name: String) -> Running {
        locked(&self.running).insert(name.clone());
        let effects = self;
        Running { effects, name }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A slow call, from its beginning until its handler ends or is dropped.
struct Running {
    effects: Arc<Effects>,
    name: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        locked(&self.effects.running).remove(&self.name);
    }
}

#[derive(Deserialize, JsonSchema)]
struct Order {
    /// A name for the order that no other has.
    order: String,
}

#[derive(Deserialize, JsonSchema)]
struct Item {
    item: String,
}

#[derive(Deserialize, JsonSchema)]
struct Address {
    city: String,
}

async fn once(
    State(fixture): State<Fixture>,
    Args(Order { order }): Args<Order>,
    cx: Context,
) -> Result<String, ToolError> {
    let item = cx.elicit::<Item>("item", "What would you like to buy?");
    let Item { item } = item.await?.accepted()?;
    let receipt = cx.once("charge", async { fixture.effects.charge(&order) });
    let receipt = receipt.await?;
    let address = cx.elicit::<Address>("address", "Where shall it go?");
    let Address { city } = address.await?.accepted()?;
    let times = fixture.effects.settle(&order);
    Ok(format!(
        "{item} to {city}, receipt {receipt}, charged {times} time(s)"
    ))
}

#[derive(Deserialize, JsonSchema)]
struct Slow {
    /// A name for the call that no other has.
    name: String,
    /// How long it takes.
    seconds: u64,
}

async fn slow(
    State(fixture): State<Fixture>,
    Args(Slow { name, seconds }): Args<Slow>,
    cx: Context,
) -> &'static str {
    let _running = Arc::clone(&fixture.effects).begin(name);
    cx.progress(0.0, Some(1.0), "It began");
    sleep(Duration::from_secs(seconds.min(SLOW_SECONDS_MAX))).await;
    "It took its time."
}

#[derive(Deserialize, JsonSchema)]
struct Named {
    /// The name of the call.
    name: String,
}

async fn slow_is_running(
    State(fixture): State<Fixture>,
    Args(Named { name }): Args<Named>,
) -> String {
    locked(&fixture.effects.running).contains(&name).to_string()
}

async fn change_resource(State(fixture): State<Fixture>) -> Result<&'static str, ToolError> {
    let server = fixture
        .server()
        .ok_or_else(|| ToolError::new("the server is not up yet"))?;
    server.notify_resource_updated(WATCHED_RESOURCE);
    Ok("The watched resource has changed.")
}
