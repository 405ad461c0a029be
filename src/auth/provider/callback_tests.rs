use super::*;

fn expected() -> Expected {
    Expected { host: "127.0.0.1:7".to_owned(), path: Place::ADDRESS.path, state: Secret::from("s-1".to_owned()) }
}

fn request(line: &str, host: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n")
}

#[test]
fn only_the_browser_with_the_state_of_this_sign_in_is_believed() {
    let own = "127.0.0.1:7";
    for (line, host, outcome) in [
        ("GET /oauth/callback?code=a%2Bb&state=s-1", own, Ok("a+b")),
        ("GET /oauth/callback?state=s-1&code=c&x=y", own, Ok("c")),
        ("GET /oauth/callback?code=c&state=s-2", own, Err("400 Bad Request")),
        ("GET /oauth/callback?code=c", own, Err("400 Bad Request")),
        ("GET /oauth/callback?state=s-1", own, Err("400 Bad Request")),
        ("GET /oauth/callback?code=&state=s-1", own, Err("400 Bad Request")),
        ("GET /oauth/callback?code=c&state=s-1", "evil.test", Err("400 Bad Request")),
        ("GET /oauth/callback?code=c&state=s-1", "localhost:7", Err("400 Bad Request")),
        ("POST /oauth/callback?code=c&state=s-1", own, Err("405 Method Not Allowed")),
        ("GET /favicon.ico", own, Err("404 Not Found")),
        ("GET", own, Err("404 Not Found")),
    ] {
        let found = match understand(&request(line, host), &expected()) {
            Ok(Answer::Code(code)) => Ok(code.expose_secret().to_owned()),
            Ok(Answer::Refused(reason)) => Ok(format!("refused {reason}")),
            Err(status) => Err(status),
        };
        assert_eq!(found.as_deref().map_err(|status| *status), outcome, "{line} {host}");
    }
}

#[test]
fn refusal_of_the_service_is_plain_text() {
    let line = "GET /oauth/callback?error=access_denied&error_description=no%1b%5b31m+way&state=s-1";
    let Ok(Answer::Refused(reason)) = understand(&request(line, "127.0.0.1:7"), &expected()) else { panic!("{line}") };
    assert_eq!(reason, "access_denied: no[31m way");
}

#[test]
fn pages_show_names_as_text() {
    let page = html(&Page::SignedIn { provider: "<script>alert(1)</script>" });
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
}

#[tokio::test]
async fn idle_connections_and_wrong_answers_do_not_keep_the_right_one_waiting() {
    let callback = Callback::listen(Secret::from("s-1".to_owned())).await.unwrap();
    let (address, port) = (callback.address(), callback.port);
    assert!(address.starts_with("http://127.0.0.1:") && address.ends_with("/oauth/callback"));
    let waiting = tokio::spawn(callback.wait());
    let connect = || TcpStream::connect(("127.0.0.1", port));
    let _idle = connect().await.unwrap();
    let ask = async |state: &str| {
        let mut stream = connect().await.unwrap();
        let line = format!("GET /oauth/callback?code=c&state={state}");
        stream.write_all(request(&line, &format!("127.0.0.1:{port}")).as_bytes()).await.unwrap();
        stream
    };
    let read = async |mut stream: TcpStream| {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    let refused = read(ask("guess").await).await;
    assert!(refused.starts_with("HTTP/1.1 400") && refused.contains("Not expected"), "{refused}");
    let browser = ask("s-1").await;
    let (Answer::Code(code), visitor) = waiting.await.unwrap().unwrap() else { panic!("a code") };
    assert_eq!(code.expose_secret(), "c");
    assert!(connect().await.is_err(), "nobody listens after the answer");
    visitor.tell(&Page::SignedIn { provider: "corp" }).await;
    let page = read(browser).await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("frame-ancestors 'none'") && page.contains("corp"),
        "{page}"
    );
}
