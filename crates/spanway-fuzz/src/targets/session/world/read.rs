//! GET: new streams, and streams that are read on after an event.

use proptest::sample::Index;
use spanway_testkit::Session;

use super::super::By;
use super::super::connection::{Connection, Place, What};
use super::super::table;
use super::World;

impl World {
    /// How another stream of the session is answered.
    fn room_for_stream(&self, at: usize, but: &[usize]) -> bool {
        let open = self.connections.iter().enumerate().filter(|(index, it)| {
            let counts = matches!(it.what, What::Listening | What::Reading);
            it.session == Some(at) && counts && it.is_open() && !but.contains(index)
        });
        open.count() < table::limits().streams_per_session_max
    }

    pub(super) async fn listen(&mut self, at: usize, by: By) {
        let statuses = if self.room_for_stream(at, &[]) {
            &[200]
        } else {
            &[429]
        };
        self.send((at, by, What::Listening), Session::listen, statuses, |it| {
            it
        })
        .await;
    }

    /// Reads on after an event of any session.
    pub(super) async fn resume_some(&mut self, at: usize, event: Index) {
        let all: Vec<(usize, Place)> = self
            .sessions
            .iter()
            .enumerate()
            .flat_map(|(index, entry)| entry.events.keys().map(move |place| (index, place.clone())))
            .collect();
        if all.is_empty() {
            let make = |session: &Session| session.resume("0-0");
            self.send((at, By::Owner, What::Listening), make, &[410], |it| it)
                .await;
            return;
        }
        let (owner, place) = all[event.index(all.len())].clone();
        let calls = self.sessions[owner].streams[&place.0].clone();
        if owner == at {
            self.resume(at, place, calls, &[405, 410]).await;
        } else {
            let make = |session: &Session| session.resume(&format!("{}-{}", place.0, place.1));
            self.send((at, By::Owner, What::Listening), make, &[410], |it| it)
                .await;
        }
    }

    /// Reads on where an open stream is: nothing can be lost.
    pub(super) async fn follow(&mut self, connection: Index) {
        let mut open = Vec::new();
        for it in &self.connections {
            if let (Some(session), Some(place), true) = (it.session, &it.place, it.is_open()) {
                open.push((session, place.clone(), it.calls.iter().copied().collect()));
            }
        }
        if !open.is_empty() {
            let (session, place, calls): (_, _, Vec<i64>) =
                open.swap_remove(connection.index(open.len()));
            self.resume(session, place, calls, &[]).await;
        }
    }

    async fn resume(&mut self, at: usize, place: Place, calls: Vec<i64>, besides: &[u16]) {
        let of_stream = |it: &Connection| {
            it.place
                .as_ref()
                .is_some_and(|(stream, _)| *stream == place.0)
        };
        let older: Vec<usize> = (0..self.connections.len())
            .filter(|&index| {
                self.connections[index].is_open() && of_stream(&self.connections[index])
            })
            .collect();
        let what = if calls.is_empty() {
            What::Listening
        } else {
            What::Reading
        };
        // A GET stream is taken from its connection before it is counted.
        let but = if what == What::Listening {
            older.as_slice()
        } else {
            &[]
        };
        let first = if self.room_for_stream(at, but) {
            200
        } else {
            429
        };
        let statuses = [&[first], besides].concat();
        older
            .iter()
            .for_each(|&index| self.connections[index].taken = true);
        let make = |session: &Session| session.resume(&format!("{}-{}", place.0, place.1));
        let prepare = |it: Connection| it.answering(calls).after(place.clone());
        let status = self
            .send((at, By::Owner, what), make, &statuses, prepare)
            .await;
        if status != 200 {
            for index in older {
                assert!(
                    self.connections[index].is_open(),
                    "refused, and taken all the same"
                );
                self.connections[index].taken = false;
            }
        }
    }
}
