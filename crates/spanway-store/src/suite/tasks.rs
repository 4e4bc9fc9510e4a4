//! The contract of [`TaskStore`].

use std::future::Future;

use bytes::Bytes;
use futures_util::future::join;
use spanway_protocol::Timestamp;

use super::at;
use crate::error::StoreError;
use crate::task::{TaskEntry, TaskId, TaskStore};

/// Runs every test, each on a fresh store made with a bound on the number of tasks.
///
/// # Panics
/// The store breaks the contract.
pub async fn tasks<S, F, Make>(make: Make)
where
    S: TaskStore,
    F: Future<Output = S>,
    Make: Fn(usize) -> F,
{
    t_task_05_what_was_inserted_is_found(&make(8).await).await;
    only_the_next_version_replaces(&make(8).await).await;
    of_two_replacements_one_wins(&make(8).await).await;
    lists_are_in_order_and_resume_behind_a_place(&make(8).await).await;
    a_place_need_not_exist(&make(8).await).await;
    owners_do_not_see_each_other(&make(8).await).await;
    tasks_expire(&make(8).await).await;
    a_replacement_may_live_longer(&make(8).await).await;
    a_full_store_refuses_until_there_is_room(&make(2).await).await;
}

fn id(number: u8) -> TaskId {
    TaskId::from_random([number; 16])
}

/// A task of ann that lives for a minute.
fn entry(number: u8, created: Timestamp) -> TaskEntry {
    let expires = created + std::time::Duration::from_secs(60);
    let body = Bytes::from(vec![number; 10]);
    TaskEntry::new(id(number), "ann", created, expires, body)
}

fn next(mut entry: TaskEntry, body: &'static str) -> TaskEntry {
    entry.version += 1;
    entry.body = Bytes::from_static(body.as_bytes());
    entry
}

async fn insert(store: &impl TaskStore, entry: &TaskEntry) {
    let created = entry.created;
    store.insert(entry.clone(), created).await.unwrap();
}

async fn t_task_05_what_was_inserted_is_found(store: &impl TaskStore) {
    let bytes = (0..=255).cycle().take(100_000);
    let mut long = entry(2, at(0));
    long.body = bytes.collect::<Vec<u8>>().into();
    let empty = TaskEntry {
        body: Bytes::new(),
        owner: "".into(),
        ..entry(3, at(0))
    };
    for task in [entry(1, at(0)), long, empty] {
        insert(store, &task).await;
        let found = store.load(task.id.clone(), at(1)).await.unwrap();
        assert_eq!(found, Some(task));
    }
    assert_eq!(store.load(id(9), at(1)).await.unwrap(), None);
}

async fn only_the_next_version_replaces(store: &impl TaskStore) {
    let first = entry(1, at(0));
    insert(store, &first).await;
    let second = next(first.clone(), "second");
    let third = next(second.clone(), "third");
    assert!(!store.replace(third.clone(), at(1)).await.unwrap());
    assert!(!store.replace(first, at(1)).await.unwrap());
    assert!(store.replace(second.clone(), at(1)).await.unwrap());
    assert!(!store.replace(second, at(1)).await.unwrap());
    assert!(store.replace(third.clone(), at(2)).await.unwrap());
    assert_eq!(store.load(id(1), at(2)).await.unwrap(), Some(third));
    let unknown = next(entry(9, at(0)), "unknown");
    assert!(!store.replace(unknown, at(2)).await.unwrap());
    assert_eq!(store.load(id(9), at(2)).await.unwrap(), None);
    assert_eq!(store.count("ann".into(), at(2)).await.unwrap(), 1);
}

async fn of_two_replacements_one_wins(store: &impl TaskStore) {
    let first = entry(1, at(0));
    insert(store, &first).await;
    let (one, other) = (next(first.clone(), "one"), next(first, "other"));
    let replacing = join(
        store.replace(one.clone(), at(1)),
        store.replace(other.clone(), at(1)),
    );
    let winner = match replacing.await {
        (Ok(true), Ok(false)) => one,
        (Ok(false), Ok(true)) => other,
        both => panic!("one of two replacements has to win: {both:?}"),
    };
    assert_eq!(store.load(id(1), at(1)).await.unwrap(), Some(winner));
}

/// The numbers of ann's tasks, page by page.
async fn listed(store: &impl TaskStore, limit: usize, now: Timestamp) -> Vec<Vec<u8>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = store.list("ann".into(), after, limit, now).await.unwrap();
        let Some(last) = page.last() else {
            return pages;
        };
        after = Some((last.created, last.id.clone()));
        pages.push(page.iter().map(|entry| entry.body[0]).collect());
    }
}

async fn lists_are_in_order_and_resume_behind_a_place(store: &impl TaskStore) {
    // Ids of equal bytes are in the order of those bytes.
    for (number, seconds) in [(4, 1), (1, 2), (3, 1), (2, 1), (5, 0)] {
        insert(store, &entry(number, at(seconds))).await;
    }
    assert_eq!(listed(store, 9, at(3)).await, [[5, 2, 3, 4, 1]]);
    assert_eq!(
        listed(store, 2, at(3)).await,
        [vec![5, 2], vec![3, 4], vec![1]]
    );
    assert_eq!(listed(store, 1, at(3)).await.len(), 5);
    let replaced = next(entry(3, at(1)), "\u{3}");
    assert!(store.replace(replaced, at(3)).await.unwrap());
    assert_eq!(listed(store, 9, at(3)).await, [[5, 2, 3, 4, 1]]);
}

async fn a_place_need_not_exist(store: &impl TaskStore) {
    for (number, seconds) in [(1, 0), (2, 10), (4, 10), (5, 20)] {
        insert(store, &entry(number, at(seconds))).await;
    }
    let list = async |after, now| {
        let page = store.list("ann".into(), Some(after), 9, now).await;
        let numbers = page.unwrap().into_iter().map(|entry| entry.body[0]);
        numbers.collect::<Vec<u8>>()
    };
    assert_eq!(list((at(10), id(3)), at(20)).await, [4, 5]);
    assert_eq!(list((at(9), id(9)), at(20)).await, [2, 4, 5]);
    assert_eq!(list((at(99), id(1)), at(20)).await, [0; 0]);
    // The first two expired meanwhile.
    assert_eq!(list((at(10), id(2)), at(75)).await, [5]);
    assert_eq!(list((at(0), id(1)), at(65)).await, [2, 4, 5]);
}

async fn owners_do_not_see_each_other(store: &impl TaskStore) {
    let of = |number: u8, owner: &str| TaskEntry {
        owner: owner.into(),
        ..entry(number, at(0))
    };
    // One owner's name is the beginning of another's.
    let tasks = [of(1, "ann"), of(2, "anna"), of(3, "ann"), of(4, "an")];
    for task in &tasks {
        insert(store, task).await;
    }
    for (owner, number) in [("ann", 2), ("anna", 1), ("an", 1), ("", 0), ("bob", 0)] {
        assert_eq!(store.count(owner.into(), at(1)).await.unwrap(), number);
        let page = store.list(owner.into(), None, 9, at(1)).await.unwrap();
        assert_eq!(page.len(), number);
        assert!(page.iter().all(|entry| *entry.owner == *owner));
    }
}

async fn tasks_expire(store: &impl TaskStore) {
    for (number, seconds) in [(1, 0), (2, 30)] {
        insert(store, &entry(number, at(seconds))).await;
    }
    assert_eq!(store.count("ann".into(), at(59)).await.unwrap(), 2);
    assert_eq!(store.count("ann".into(), at(60)).await.unwrap(), 1);
    assert_eq!(listed(store, 9, at(60)).await, [[2]]);
    let late = next(entry(1, at(0)), "late");
    assert!(!store.replace(late, at(60)).await.unwrap());
    assert_eq!(store.load(id(1), at(60)).await.unwrap(), None);
    assert!(store.load(id(2), at(89)).await.unwrap().is_some());
    assert_eq!(store.load(id(2), at(90)).await.unwrap(), None);
    assert!(listed(store, 9, at(90)).await.is_empty());
}

async fn a_replacement_may_live_longer(store: &impl TaskStore) {
    insert(store, &entry(1, at(0))).await;
    let mut longer = next(entry(1, at(0)), "longer");
    longer.expires = at(120);
    assert!(store.replace(longer.clone(), at(30)).await.unwrap());
    let found = store.load(id(1), at(119)).await.unwrap();
    assert_eq!(found, Some(longer.clone()));
    let mut shorter = next(longer, "shorter");
    shorter.expires = at(121);
    assert!(store.replace(shorter.clone(), at(119)).await.unwrap());
    shorter = next(shorter, "shortest");
    shorter.expires = at(120);
    assert!(store.replace(shorter, at(119)).await.unwrap());
    assert_eq!(store.load(id(1), at(120)).await.unwrap(), None);
}

async fn a_full_store_refuses_until_there_is_room(store: &impl TaskStore) {
    insert(store, &entry(1, at(0))).await;
    insert(store, &entry(2, at(30))).await;
    let refused = store.insert(entry(3, at(31)), at(31)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full { .. }), "{refused}");
    assert_eq!(store.load(id(3), at(31)).await.unwrap(), None);
    let replaced = next(entry(2, at(30)), "full");
    assert!(store.replace(replaced, at(31)).await.unwrap());
    store.insert(entry(3, at(61)), at(61)).await.unwrap();
    assert_eq!(store.count("ann".into(), at(61)).await.unwrap(), 2);
}
