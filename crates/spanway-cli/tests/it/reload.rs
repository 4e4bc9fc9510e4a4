//! Documents that change while they are served.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use tempfile::TempDir;

use crate::fake::{Fake, on_a_thread, plain};
use crate::program::{Serving, call, run, spanway};
use crate::serving::{document, file};

/// Waits until the list of tools is as wanted.
fn until_listed(url: &str, is_wanted: impl Fn(&str) -> bool) {
    let began = Instant::now();
    loop {
        let listed = call(url, &[]).ok();
        if is_wanted(&listed) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{listed}");
    }
}

#[test]
fn a_document_that_changes_changes_the_tools_and_no_call_in_flight() {
    let (arrived, arrival) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let api = Fake::start(move |_| {
        arrived.send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        plain(200, "at last")
    });
    let folder = TempDir::new().unwrap();
    let text = document(&format!("http://{}/", api.address));
    let path = file(&folder, "api.json", &text);
    let mut serve = spanway(["serve", path.to_str().unwrap(), "--reload", "20ms"]);
    let serving = Serving::start(&mut serve);
    let url = serving.url.clone();
    let slow = std::thread::spawn(move || call(&url, &["echo"]));
    arrival.recv().unwrap();

    std::fs::write(&path, text.replace("\"echo\"", "\"shout\"")).unwrap();
    until_listed(&serving.url, |it| {
        it.contains("shout") && !it.contains("echo ")
    });
    release.send(()).unwrap();
    assert_eq!(slow.join().unwrap().ok().trim(), "at last");
}

#[test]
fn a_document_at_a_url_is_fetched_again_and_a_broken_one_changes_nothing() {
    let text = Arc::new(Mutex::new(document("/")));
    let served = Arc::clone(&text);
    let fetches = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&fetches);
    let handler = get(move || async move {
        *counted.lock().unwrap() += 1;
        served.lock().unwrap().clone().into_response()
    });
    let address = on_a_thread(Router::new().route("/openapi.json", handler));
    let source = format!("http://{address}/openapi.json");
    let serving = Serving::start(&mut spanway(["serve", &source, "--reload", "20ms"]));
    *text.lock().unwrap() = "neither: [this".to_owned();
    let before = *fetches.lock().unwrap();
    until_listed(&serving.url, |it| {
        it.contains("echo") && *fetches.lock().unwrap() > before + 2
    });
    *text.lock().unwrap() = document("/").replace("\"echo\"", "\"shout\"");
    until_listed(&serving.url, |it| it.contains("shout"));
    serving.signal("TERM");
    let ended = serving.wait();
    assert_eq!(ended.code, Some(0));
    let complaints = ended.stderr.matches("goes on being served").count();
    assert_eq!(complaints, 1, "{}", ended.stderr);
}

#[test]
fn standard_input_cannot_be_read_again() {
    let line = run(&mut spanway(["serve", "-", "--reload", "1s"])).failed(2);
    assert!(line.contains("--reload"), "{line}");
}
