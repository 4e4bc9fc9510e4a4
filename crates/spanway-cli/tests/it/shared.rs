//! `spanway serve --store redis://…`: several processes are one server, also when one of them dies, or Redis.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use spanway_testkit::{RedisServer, free_port};

use crate::durable::{exchange, new_session, send, value};
use crate::program::{Serving, call, spanway};
use crate::serving::{document, file, silent_api};

const CALL: &str = r#"{"jsonrpc":"2.0","id":"two","method":"tools/call","params":{"name":"list_genres","arguments":{}}}"#;
const SOON: Duration = Duration::from_secs(20);

fn serve(store: &str) -> Serving {
    Serving::start(&mut spanway([
        "serve",
        "--response",
        "sse",
        "--store",
        store,
    ]))
}

/// Asks again until the answer is of this status.
fn until(status: u16, ask: impl Fn() -> String) -> String {
    let by = Instant::now() + SOON;
    loop {
        let answer = ask();
        if answer.starts_with(&format!("HTTP/1.1 {status}")) {
            return answer;
        }
        assert!(Instant::now() < by, "{answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_session_of_one_process_is_one_of_all() {
    let redis = RedisServer::start();
    let (first, second) = (serve(&redis.url()), serve(&redis.url()));
    let session = new_session(&first.url);
    let answer = exchange(&second.url, "POST", &session, CALL);
    assert!(answer.contains("fiction"), "{answer}");
    let beginning = format!("{session}Last-Event-ID: {}\r\n", value(&answer, "id"));
    second.signal("KILL");
    assert_eq!(second.wait().code, None);
    let resumed = exchange(&first.url, "GET", &beginning, "");
    assert!(
        resumed.contains("fiction") && resumed.contains("two"),
        "{resumed}"
    );
    let third = serve(&redis.url());
    let ended = exchange(&third.url, "DELETE", &session, "");
    assert!(ended.starts_with("HTTP/1.1 20"), "{ended}");
    let unknown = exchange(&first.url, "POST", &session, CALL);
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
}

#[test]
fn who_resumes_on_one_process_a_call_that_died_with_another_is_told() {
    let redis = RedisServer::start();
    let (upstream, arrives) = silent_api();
    let folder = tempfile::tempdir().unwrap();
    let document = file(&folder, "api.json", document(&format!("http://{upstream}")));
    let source = document.to_str().unwrap();
    let url = redis.url();
    let serve = || {
        let args = ["serve", source, "--response", "sse", "--store", &url];
        Serving::start(&mut spanway(args))
    };
    let (first, second) = (serve(), serve());
    let session = new_session(&first.url);
    let echo = r#"{"jsonrpc":"2.0","id":"two","method":"tools/call","params":{"name":"echo","arguments":{}}}"#;
    let answer = BufReader::new(send(&first.url, "POST", &session, echo));
    let mut lines = answer.lines().map(Result::unwrap);
    let place = lines.find_map(|line| line.strip_prefix("id: ").map(str::to_owned));
    arrives.recv().unwrap();
    first.signal("KILL");
    first.wait();
    let headers = format!("{session}Last-Event-ID: {}\r\n", place.unwrap());
    let since = Instant::now();
    let resumed = exchange(&second.url, "GET", &headers, "");
    assert!(
        resumed.contains("\"id\":\"two\"") && resumed.contains("\"error\""),
        "{resumed}"
    );
    assert!(since.elapsed() < SOON);
}

#[test]
fn while_redis_is_away_sessions_wait_and_requests_without_one_go_on() {
    let mut redis = RedisServer::start();
    let server = serve(&redis.url());
    let session = new_session(&server.url);
    redis.kill();
    let refused = exchange(&server.url, "POST", &session, CALL);
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(!value(&refused, "retry-after").is_empty());
    let modern = call(&server.url, &["list_genres", "--json"]);
    assert!(modern.ok().contains("fiction"));
    redis.restart();
    let answer = until(200, || exchange(&server.url, "POST", &session, CALL));
    assert!(answer.contains("fiction"), "{answer}");
    server.signal("TERM");
    assert_eq!(server.wait().code, Some(0));
}

#[test]
fn redis_is_reached_over_tls_with_a_certificate_the_machine_trusts() {
    let folder = tempfile::tempdir().unwrap();
    let (own, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&own).unwrap().pem();
    let issuer = Issuer::new(authority, own);
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let params = CertificateParams::new(names).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().pem();
    let path = |name, text: String| file(&folder, name, text).display().to_string();
    let (root, certificate) = (path("root.pem", root), path("cert.pem", certificate));
    let key = path("key.pem", key.serialize_pem());
    let port = free_port().to_string();
    let redis = RedisServer::with(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "hunter2",
    ]);
    let store = format!("rediss://:hunter2@127.0.0.1:{port}");
    let command = || spanway(["serve", "--response", "sse", "--store", &store]);
    let trusting = Serving::start(command().env("SSL_CERT_FILE", &root));
    let session = new_session(&trusting.url);
    let answer = exchange(&trusting.url, "POST", &session, CALL);
    assert!(answer.contains("fiction"), "{answer}");
    let strange = command()
        .args(["--listen", "127.0.0.1:0"])
        .env("SSL_CERT_FILE", &certificate)
        .output();
    let told = String::from_utf8(strange.unwrap().stderr).unwrap();
    assert!(
        told.contains("certificate") && !told.contains("hunter2"),
        "{told}"
    );
    drop(redis);
}
