//! Reads a request body: bounded in bytes while it arrives, and in time.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::poll;
use http_body::Body;
use http_body_util::BodyExt;
use spanway_protocol::Rejection;

/// The whole body.
///
/// # Errors
/// 413 as soon as more than `limit` bytes are announced or have arrived; 408 if it takes longer than
/// `patience`; 400 if it breaks off.
pub(crate) async fn read<B: Body>(
    body: B,
    limit: usize,
    patience: Duration,
) -> Result<Bytes, Rejection> {
    let mut collecting = pin!(collect(body, limit));
    // Most bodies are there when their head is, and then no clock is needed.
    if let Poll::Ready(whole) = poll!(collecting.as_mut()) {
        return whole;
    }
    let bounded = Box::pin(tokio::time::timeout(patience, collecting));
    bounded.await.unwrap_or(Err(Rejection::BodyTimeout))
}

async fn collect<B: Body>(body: B, limit: usize) -> Result<Bytes, Rejection> {
    let too_large = Rejection::BodyTooLarge { limit };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(too_large);
    }
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Rejection::BodyUnreadable);
        };
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        if whole.len() + first.len() + data.remaining() > limit {
            return Err(too_large);
        }
        // Most bodies come in one piece, which is then used as it is.
        if first.is_empty() && whole.is_empty() {
            let length = data.remaining();
            first = data.copy_to_bytes(length);
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.max(first.len() + data.remaining()));
            whole.put(std::mem::take(&mut first));
        }
        whole.put(data);
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_body_is_bounded_while_it_arrives() {
        let whole = read(Full::new(Bytes::from_static(b"12345678")), 8, PATIENCE).await;
        assert_eq!(whole, Ok(Bytes::from_static(b"12345678")));
        let announced = read(Full::new(Bytes::from_static(b"123456789")), 8, PATIENCE).await;
        assert_eq!(announced, Err(Rejection::BodyTooLarge { limit: 8 }));
        let endless = stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"xyz")))
        });
        assert_eq!(
            read(StreamBody::new(endless), 8, PATIENCE).await,
            Err(Rejection::BodyTooLarge { limit: 8 })
        );
    }

    #[tokio::test]
    async fn pieces_are_joined_and_a_broken_body_is_told() {
        let pieces =
            ["ab", "", "cd"].map(|piece| Ok::<_, std::io::Error>(Frame::data(Bytes::from(piece))));
        assert_eq!(
            read(StreamBody::new(stream::iter(pieces)), 8, PATIENCE).await,
            Ok(Bytes::from_static(b"abcd"))
        );
        let broken = stream::iter([Err::<Frame<Bytes>, _>(std::io::Error::other("cut"))]);
        assert_eq!(
            read(StreamBody::new(broken), 8, PATIENCE).await,
            Err(Rejection::BodyUnreadable)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_runs_out_of_time() {
        let stuck = stream::pending::<Result<Frame<Bytes>, std::io::Error>>();
        assert_eq!(
            read(StreamBody::new(stuck), 8, PATIENCE).await,
            Err(Rejection::BodyTimeout)
        );
    }
}
