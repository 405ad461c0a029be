//! The approve page: shows the code that the terminal shows, and lets a person say yes or no.

use hyper::{Method, StatusCode};

use crate::state::{State, Verdict};
use crate::wire::{Answer, Asked};

/// `GET /device`, with or without `user_code`, and `POST /device` with `user_code` and `decision`.
pub(crate) fn device(state: &State, asked: &Asked) -> Answer {
    if asked.method == Method::POST {
        let form = asked.form();
        let code = form.get("user_code").map_or("", String::as_str);
        return match form.get("decision").map(String::as_str) {
            Some("approve") => decide(state, code, Verdict::Approved),
            Some("deny") => decide(state, code, Verdict::Denied),
            _ => show(state, code),
        };
    }
    match asked.parameter("user_code") {
        Some(code) => show(state, code),
        None => ask_for_code(StatusCode::OK, ""),
    }
}

fn show(state: &State, typed: &str) -> Answer {
    let mut memory = state.memory();
    let Some(device) = memory.device_by_user_code(typed) else {
        drop(memory);
        return ask_for_code(StatusCode::NOT_FOUND, "There is no request with this code. It may have expired.");
    };
    let (code, client) = (device.user_code.clone(), device.client.clone());
    let (name, scopes) = memory
        .clients
        .get(&client)
        .map_or_else(|| ("?".to_owned(), String::new()), |client| (client.name.clone(), client.scopes.join(", ")));
    let body = format!(
        r#"<h1>Authorization requested</h1>
<p><strong id="client">{name}</strong> asks for access to your accounts.</p>
<p>Check that this is the code in your terminal:</p>
<p id="code">{code}</p>
<p id="scopes">Scopes: {scopes}</p>
<form method="post" action="/device">
<input type="hidden" name="user_code" value="{code}">
<button id="approve" name="decision" value="approve">Approve</button>
<button id="deny" name="decision" value="deny">Deny</button>
</form>"#,
        name = escape(&name),
        code = escape(&code),
        scopes = escape(&scopes),
    );
    Answer::html(StatusCode::OK, page(&body))
}

fn decide(state: &State, typed: &str, verdict: Verdict) -> Answer {
    let mut memory = state.memory();
    let Some(device) = memory.device_by_user_code(typed) else {
        drop(memory);
        return ask_for_code(StatusCode::NOT_FOUND, "There is no request with this code. It may have expired.");
    };
    device.verdict = verdict;
    let text = match verdict {
        Verdict::Approved => "Request approved",
        Verdict::Denied | Verdict::Open => "Request denied",
    };
    Answer::html(
        StatusCode::OK,
        page(&format!("<h1 id=\"result\">{text}</h1>\n<p>You can close this window and go back to your terminal.</p>")),
    )
}

fn ask_for_code(status: StatusCode, complaint: &str) -> Answer {
    let body = format!(
        r#"<h1>Enter the code</h1>
<p id="complaint">{complaint}</p>
<form method="get" action="/device">
<label>Code <input name="user_code" autofocus autocomplete="off"></label>
<button id="next">Next</button>
</form>"#
    );
    Answer::html(status, page(&body))
}

pub(crate) fn page(body: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Identity Center (loopback)</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1rem; color: #16191f; }}
#code {{ font: 600 2rem monospace; letter-spacing: .15em; padding: .5rem 1rem; border: 1px solid #aab7b8; }}
button {{ font: inherit; padding: .5rem 1.5rem; margin-right: .5rem; cursor: pointer; }}
#approve {{ background: #ec7211; border: 1px solid #ec7211; color: #fff; }}
</style>
</head>
<body>
{body}
</body>
</html>
"#
    )
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_leaves_no_markup() {
        assert_eq!(escape(r#"<b a="1">&"#), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
