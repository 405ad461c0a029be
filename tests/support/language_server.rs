//! A language server of YAML, as editors start it: requests and notifications of the Language Server Protocol (3.17) over its
//! standard input and output.

use std::collections::HashMap;
use std::io::{BufReader, Write as _};
use std::process::{ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::background::Background;
use super::parts;

/// How long an answer may take beside much other work.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server that knows some schemas.
pub(crate) struct LanguageServer {
    stdin: ChildStdin,
    messages: Receiver<Value>,
    settings: Value,
    last: u64,
    /// What it said of each document.
    diagnostics: HashMap<String, Vec<Value>>,
    _process: Background,
}

impl LanguageServer {
    /// `schemas` are pairs of the URL of a schema and the pattern of the documents that follow it.
    pub(crate) fn start(schemas: &[(String, &str)]) -> LanguageServer {
        let mut command = Background::command(&parts::program("yaml-language-server"));
        command.arg("--stdio").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Background::start("yaml-language-server", command);
        let stdin = process.child().stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(process.child().stdout.take().expect("a pipe"));
        let (send, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = message(&mut stdout) {
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let schemas: Value = schemas.iter().map(|(url, pattern)| (url.clone(), json!([pattern]))).collect();
        let tags = ["!env scalar", "!terraform.state scalar", "!append sequence"];
        let settings =
            json!({"validate": true, "completion": true, "hover": true, "schemas": schemas, "customTags": tags});
        let (last, diagnostics) = (0, HashMap::new());
        let mut server = LanguageServer { stdin, messages, settings, last, diagnostics, _process: process };
        let document = json!({"publishDiagnostics": {}, "completion": {}, "hover": {}});
        let capabilities = json!({"workspace": {"configuration": true}, "textDocument": document});
        server.ask("initialize", &json!({"processId": null, "rootUri": null, "capabilities": capabilities}));
        server.tell("initialized", &json!({}));
        server.tell("workspace/didChangeConfiguration", &json!({"settings": {"yaml": server.settings}}));
        server
    }

    /// Opens a document, and gives what is wrong with it: line, counted from 1, and message.
    pub(crate) fn open(&mut self, name: &str, text: &str) -> Vec<(u64, String)> {
        let uri = uri(name);
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", &json!({"textDocument": document}));
        self.published(&uri);
        // It may have looked before it had its settings; who answers about a place has the schema, and then it looks again.
        self.hover(name, 1, 1);
        self.diagnostics.remove(&uri);
        let document = json!({"uri": uri, "version": 2});
        self.tell("textDocument/didChange", &json!({"textDocument": document, "contentChanges": [{"text": text}]}));
        self.published(&uri);
        let found = self.diagnostics[&uri].iter().map(|item| {
            let line = item["range"]["start"]["line"].as_u64().expect("a line");
            (line + 1, item["message"].as_str().expect("a message").to_owned())
        });
        found.collect()
    }

    fn published(&mut self, uri: &str) {
        while !self.diagnostics.contains_key(uri) {
            self.receive();
        }
    }

    /// What it offers at a place of an open document; line and column are counted from 1.
    pub(crate) fn completion(&mut self, name: &str, line: u64, column: u64) -> Vec<String> {
        let answer = self.ask("textDocument/completion", &at(name, line, column));
        let items = answer["items"].as_array().or(answer.as_array()).cloned().unwrap_or_default();
        items.iter().filter_map(|item| Some(item["label"].as_str()?.to_owned())).collect()
    }

    /// What it says about a place.
    pub(crate) fn hover(&mut self, name: &str, line: u64, column: u64) -> String {
        self.ask("textDocument/hover", &at(name, line, column))["contents"]["value"].as_str().unwrap_or("").to_owned()
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        self.write(&json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}));
        loop {
            let message = self.receive();
            if message["id"] == self.last && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn write(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("the server reads");
        self.stdin.flush().expect("the server reads");
    }

    /// The next message; what it asks is answered, what it finds is kept.
    fn receive(&mut self) -> Value {
        let message = self.messages.recv_timeout(PATIENCE).expect("the language server answers");
        let (method, params) = (message["method"].as_str(), &message["params"]);
        if let (Some(id), Some(method)) = (message.get("id"), method) {
            let section = |item: &Value| if item["section"] == "yaml" { self.settings.clone() } else { json!({}) };
            let result = match method {
                "workspace/configuration" => params["items"].as_array().into_iter().flatten().map(section).collect(),
                _ => Value::Null,
            };
            self.write(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
        } else if method == Some("textDocument/publishDiagnostics") {
            let found = params["diagnostics"].as_array().cloned().unwrap_or_default();
            self.diagnostics.insert(params["uri"].as_str().unwrap_or_default().to_owned(), found);
        }
        message
    }
}

fn uri(name: &str) -> String {
    format!("file:///repository/{name}")
}

fn at(name: &str, line: u64, column: u64) -> Value {
    json!({"textDocument": {"uri": uri(name)}, "position": {"line": line - 1, "character": column - 1}})
}

/// One message: a header with its length, and as many bytes of JSON.
fn message(stream: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end() {
            "" => break,
            line => {
                if let Some(number) = line.strip_prefix("Content-Length: ") {
                    length = number.parse().ok()?;
                }
            }
        }
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
