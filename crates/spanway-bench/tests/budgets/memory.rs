//! What sessions and streams keep while nothing happens, the connections of the HTTP server below excluded; and
//! that it is given back.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use spanway::StreamableHttp;
use spanway::http::ResponseBody;
use spanway::protocol::Limits;
use stats_alloc::Region;
use tower::Service;

use super::{ALLOCATOR, initialize, send, server};

const COUNT: usize = 1000;

fn roomy() -> StreamableHttp {
    let mut limits = Limits::default();
    limits.sessions_max = 10 * COUNT;
    limits.listen_streams_max = 10 * COUNT;
    StreamableHttp::builder(server()).limits(limits).build()
}

/// What was taken since and not given back, in bytes.
fn kept(region: &Region<'_, std::alloc::System>) -> isize {
    let change = region.change();
    change.bytes_allocated as isize - change.bytes_deallocated as isize
}

async fn open(endpoint: &mut StreamableHttp) -> String {
    let opened = send(endpoint, initialize()).await;
    opened.headers()["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned()
}

async fn listen(endpoint: &mut StreamableHttp, session: &str) -> ResponseBody {
    let request = Request::get("/mcp")
        .header("host", "localhost")
        .header("accept", "text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .header("mcp-session-id", session);
    let Ok(response) = endpoint
        .call(request.body(Full::<Bytes>::default()).unwrap())
        .await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    // The priming event.
    body.frame().await.unwrap().unwrap();
    body
}

async fn end(endpoint: &mut StreamableHttp, session: &str) {
    let request = Request::delete("/mcp")
        .header("host", "localhost")
        .header("mcp-protocol-version", "2025-11-25")
        .header("mcp-session-id", session);
    let request = request.body(Full::<Bytes>::default()).unwrap();
    assert!(send(endpoint, request).await.status().is_success());
}

#[tokio::test]
async fn an_idle_session_stays_within_its_budget_and_gives_it_back() {
    let mut endpoint = roomy();
    let mut sessions = Vec::with_capacity(COUNT);
    let before = Region::new(ALLOCATOR);
    for _ in 0..COUNT {
        sessions.push(open(&mut endpoint).await);
    }
    // The ids are here too, in strings of their own.
    let ids: usize = sessions.iter().map(String::len).sum();
    let each = (kept(&before) - ids as isize) / COUNT as isize;
    println!("{each} bytes for each idle session");
    assert!(each <= 1024, "{each} bytes");
    for session in sessions.drain(..) {
        end(&mut endpoint, &session).await;
    }
    // Tables keep their room; a second time takes no more.
    let again = Region::new(ALLOCATOR);
    for _ in 0..COUNT {
        sessions.push(open(&mut endpoint).await);
    }
    for session in sessions.drain(..) {
        end(&mut endpoint, &session).await;
    }
    let left = kept(&again) / COUNT as isize;
    assert!(left <= 1, "{left} bytes are left of each");
}

#[tokio::test]
async fn an_open_stream_stays_within_its_budget_and_gives_it_back() {
    let mut endpoint = roomy();
    let (mut sessions, mut streams) = (Vec::with_capacity(COUNT), Vec::with_capacity(COUNT));
    for _ in 0..COUNT {
        sessions.push(open(&mut endpoint).await);
    }
    let before = Region::new(ALLOCATOR);
    for session in &sessions {
        streams.push(listen(&mut endpoint, session).await);
    }
    let each = kept(&before) / COUNT as isize;
    println!("{each} bytes for each open stream");
    assert!(each <= 2048, "{each} bytes");
    streams.clear();
    for session in sessions.drain(..) {
        end(&mut endpoint, &session).await;
    }
    let again = Region::new(ALLOCATOR);
    for _ in 0..COUNT {
        let session = open(&mut endpoint).await;
        streams.push(listen(&mut endpoint, &session).await);
        sessions.push(session);
    }
    streams.clear();
    for session in sessions.drain(..) {
        end(&mut endpoint, &session).await;
    }
    let left = kept(&again) / COUNT as isize;
    assert!(left <= 1, "{left} bytes are left of each");
}
