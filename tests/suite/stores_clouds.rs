//! Stores of other clouds and data sources over http, against loopback services that speak their protocols.

use serde_json::{Value, json};

use crate::support::{Sandbox, Services};

const ATMOS: &str = "\
base_path: .
stacks: {base_path: stacks, included_paths: ['**/*'], name_pattern: '{stage}'}
components: {terraform: {base_path: components/terraform}}
";

fn repository(atmos: &str, vars: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("atmos.yaml", &format!("{ATMOS}{atmos}"));
    let text =
        format!("vars: {{stage: dev}}\ncomponents:\n  terraform:\n    app:\n      vars:\n{vars}    other: {{}}\n");
    sandbox.write("stacks/dev.yaml", &text);
    sandbox
}

const DESCRIBE: [&str; 7] = ["describe", "component", "app", "-s", "dev", "--format", "json"];

fn vars(sandbox: &Sandbox) -> Value {
    sandbox.atmos(&DESCRIBE).success().json()["vars"].take()
}

#[test]
fn key_vault_is_read_with_one_token() {
    let services = Services::start(&json!({"azure": {"p-dev-app-id": "\"vault-1\"", "direct-key": "text"}}));
    let store = format!(
        "stores:\n  kv: {{kind: azure/keyvault, options: {{vault_url: '{}', prefix: p, OPEN}}}}\n",
        services.url
    );
    let open = store.replace("OPEN", "insecure_allow_credential_with_http: true");
    let mut sandbox = repository(
        &open,
        "        id: !store kv app id\n        direct: !store.get kv direct/key\n        none: !store kv app none | default d\n",
    );
    for (name, value) in [
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "app"),
        ("AZURE_CLIENT_SECRET", "app-secret/1"),
        ("AZURE_AUTHORITY_HOST", services.url.as_str()),
    ] {
        sandbox.set(name, value);
    }
    assert_eq!(vars(&sandbox), json!({"stage": "dev", "id": "vault-1", "direct": "text", "none": "d"}));
    assert_eq!((services.count("/tenant/oauth2/v2.0/token"), services.log().len()), (1, 4));
    sandbox.write(
        "stacks/dev.yaml",
        "vars: {stage: dev}\ncomponents: {terraform: {app: {vars: {x: !store.get kv forbidden}}}}\n",
    );
    sandbox.atmos(&DESCRIBE).exits(1).says("Forbidden of the vault").says("stacks/dev.yaml:2:42");
    let refused = sandbox.atmos_with(&[("AZURE_CLIENT_SECRET", "wrong-secret")], &DESCRIBE).exits(1);
    let refused = refused.says("Azure gives no token: AADSTS7000215: Invalid client secret provided.");
    assert!(!refused.stderr.contains("wrong-secret"), "{refused}");
    let nobody = [("AZURE_CLIENT_ID", ""), ("AZURE_TENANT_ID", ""), ("PATH", "/nowhere")];
    sandbox.atmos_with(&nobody, &DESCRIBE).exits(1).says("no credentials for Azure").says("AZURE_TENANT_ID");
    sandbox.write("atmos.yaml", &format!("{ATMOS}{}", store.replace("OPEN", "stack_delimiter: '-'")));
    sandbox.atmos(&DESCRIBE).exits(1).says("a token does not go over plain http");
}

#[test]
fn secret_manager_is_read_by_every_kind_of_credentials() {
    let services = Services::start(&json!({"google": {"projects/p1/secrets/x_dev_app_id": "{\"a\": 1}"}}));
    let store = format!(
        "stores:\n  gsm: {{type: gsm, options: {{project_id: p1, prefix: x, endpoint: '{}'}}}}\n",
        services.url
    );
    let mut sandbox =
        repository(&store, "        id: !store gsm app id\n        none: !store gsm app none | default d\n");
    let account = services.service_account();
    let expected = json!({"stage": "dev", "id": {"a": 1}, "none": "d"});
    sandbox.set("GOOGLE_APPLICATION_CREDENTIALS", &account);
    assert_eq!(vars(&sandbox), expected);
    assert_eq!((services.count("/google/token"), services.log().len()), (1, 3));
    let user = json!({
        "type": "authorized_user", "client_id": "id", "client_secret": "user-secret", "refresh_token": "refresh-me",
        "token_uri": format!("{}/google/token", services.url),
    });
    sandbox.remove("GOOGLE_APPLICATION_CREDENTIALS");
    let folder = sandbox.home().join(".config/gcloud");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("application_default_credentials.json"), user.to_string()).unwrap();
    assert_eq!(vars(&sandbox), expected);
    let token = [("GOOGLE_OAUTH_ACCESS_TOKEN", "google-access-token")];
    let found = sandbox.atmos_with(&token, &DESCRIBE).success().json()["vars"].take();
    assert_eq!((found, services.count("/google/token")), (expected, 2));
    let stale = [("GOOGLE_OAUTH_ACCESS_TOKEN", "stale-access-token")];
    let plan = ["terraform", "plan", "app", "-s", "dev"];
    let refused = sandbox.atmos_with(&stale, &plan).exits(1).says("UNAUTHENTICATED for the secret");
    assert!(!refused.stderr.contains("stale-access-token"), "{refused}");
    let other = sandbox.root().join("other.json");
    std::fs::write(&other, "{\"type\": \"external_account\"}").unwrap();
    let external = [("GOOGLE_APPLICATION_CREDENTIALS", other.to_str().unwrap())];
    sandbox.atmos_with(&external, &plan).exits(1).says("`external_account` need an `audience`");
    std::fs::write(&other, "{\"type\": \"gdch_service_account\"}").unwrap();
    sandbox.atmos_with(&external, &plan).exits(1).says("`gdch_service_account` are not built yet");
}

#[test]
fn artifactory_is_read_through_its_redirects() {
    let services = Services::start(&json!({"artifactory": {
        "repo/p/dev/app/id": "[\"a\"]", "repo/p/raw.json": "text", "repo/p/dev/app/broken": "text",
    }}));
    let store = format!(
        "stores:\n  art: {{kind: artifactory, identity: x, options: {{url: '{}/artifactory/', repo_name: repo, prefix: p}}}}\n",
        services.url
    );
    let mut sandbox = repository(&store, "        id: !store art app id\n        raw: !store.get art raw\n");
    sandbox.set("ARTIFACTORY_ACCESS_TOKEN", "artifactory-access-token");
    assert_eq!(vars(&sandbox), json!({"stage": "dev", "id": ["a"], "raw": "text"}));
    sandbox.atmos(&DESCRIBE).says("`identity` of the store `art` has no effect");
    for (function, phrase) in
        [("!store art app broken", "the file is not JSON"), ("!store art app none", "has no key `repo/p/dev/app/none`")]
    {
        let text = format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{app: {{vars: {{x: {function}}}}}}}}}\n");
        sandbox.write("stacks/dev.yaml", &text);
        sandbox.atmos(&DESCRIBE).exits(1).says(phrase).says("stacks/dev.yaml:2:42");
    }
    let wrong = [("ARTIFACTORY_ACCESS_TOKEN", "wrong-access-token")];
    sandbox.atmos_with(&wrong, &DESCRIBE).exits(1).says("status 401").says_not("wrong-access-token");
    sandbox.remove("ARTIFACTORY_ACCESS_TOKEN");
    sandbox.atmos(&DESCRIBE).exits(1).says("JFROG_ACCESS_TOKEN");
}

#[test]
fn data_sources_over_http_are_read_once() {
    let services = Services::start(&json!({"data": {
        "/team": {"type": "application/json; charset=utf-8", "body": "{\"lead\": \"ann\", \"n\": 5}", "needs": ["x-team", "core"]},
        "/list.yaml": {"type": "application/octet-stream", "body": "a: [1, 2]"},
        "/below/text": {"type": "text/plain", "body": "just {{ .text }}"},
    }}));
    let atmos = format!(
        "templates:\n  settings:\n    enabled: true\n    gomplate:\n      enabled: true\n      datasources:\n\
         \x20       team: {{url: '{url}/team?token=in-the-address', headers: {{X-Team: [core]}}}}\n\
         \x20       list: {{url: '{url}/list.yaml'}}\n        below: {{url: '{url}/below/'}}\n\
         \x20       typed: {{url: '{url}/below/text?type=application/yaml'}}\n        none: {{url: '{url}/nothing'}}\n\
         \x20       closed: {{url: 'http://127.0.0.1:1/x'}}\n",
        url = services.url
    );
    let sandbox = repository(
        &atmos,
        "        lead: '{{ (datasource \"team\").lead }} {{ (ds \"team\").n }}'\n\
         \x20       list: '{{ index (atmos.GomplateDatasource \"list\").a 1 }}'\n\
         \x20       text: '{{ include \"below\" \"text\" }}'\n\
         \x20       typed: '{{ datasource \"typed\" }}'\n\
         \x20       reachable: '{{ datasourceReachable \"none\" }} {{ datasourceReachable \"list\" }}'\n",
    );
    for number in 0..10 {
        let text = format!(
            "vars: {{stage: s{number}}}\ncomponents: {{terraform: {{a: {{vars: {{x: '{{{{ (datasource \"team\").lead }}}}'}}}}}}}}\n"
        );
        sandbox.write(&format!("stacks/s{number}.yaml"), &text);
    }
    let found = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    let app = &found["dev"]["components"]["terraform"]["app"]["vars"];
    assert_eq!(
        *app,
        json!({
            "stage": "dev", "lead": "ann 5", "list": "2", "text": "just {{ .text }}", "typed": "just {{ .text }}",
            "reachable": "false true",
        })
    );
    assert_eq!(found["s9"]["components"]["terraform"]["a"]["vars"]["x"], "ann");
    assert_eq!((services.count("/team"), services.count("/list.yaml"), services.count("/below/text")), (1, 1, 2));
    for (template, phrases) in [
        ("{{ datasource \"none\" }}", &["Unexpected HTTP status 404 on GET from", "/nothing"][..]),
        ("{{ datasource \"closed\" }}", &["GET http://127.0.0.1:1/x", "gomplate.timeout"]),
        ("{{ datasource \"teem\" }}", &["undefined datasource 'teem'", "did you mean `team`?"]),
    ] {
        let text = format!("vars: {{stage: dev}}\ncomponents: {{terraform: {{app: {{vars: {{x: '{template}'}}}}}}}}\n");
        sandbox.write("stacks/dev.yaml", &text);
        let outcome = sandbox.atmos(&DESCRIBE).exits(1).says("stacks/dev.yaml:2:46");
        for phrase in phrases {
            assert!(outcome.mentions(phrase), "{template}: {}", outcome.clean_stderr());
        }
    }
    let atmos = sandbox.read("atmos.yaml").replace("X-Team: [core]", "X-Team: other");
    sandbox.write("atmos.yaml", &atmos);
    let text = "vars: {stage: dev}\ncomponents: {terraform: {app: {vars: {x: '{{ datasource \"team\" }}'}}}}\n";
    sandbox.write("stacks/dev.yaml", text);
    sandbox.atmos(&DESCRIBE).exits(1).says("Unexpected HTTP status 403").says_not("in-the-address");
}

#[test]
fn requests_do_not_wait_for_each_other() {
    let secrets: serde_json::Map<String, Value> =
        (0..12).map(|number| (format!("projects/p1/secrets/together-12-{number}"), json!("x"))).collect();
    let services = Services::start(&json!({"google": secrets}));
    let store = format!("stores:\n  gsm: {{type: gsm, options: {{project_id: p1, endpoint: '{}'}}}}\n", services.url);
    let get = |number: usize| format!("        v{number}: !store.get gsm together-12-{number}\n");
    let mut sandbox = repository(&store, &(0..6).map(get).collect::<String>());
    sandbox.set("GOOGLE_OAUTH_ACCESS_TOKEN", "google-access-token");
    // Half of them in one component, the others in a stack each.
    for number in 6..12 {
        let text =
            format!("vars: {{stage: s{number}}}\ncomponents:\n  terraform:\n    a:\n      vars:\n{}", get(number));
        sandbox.write(&format!("stacks/s{number}.yaml"), &text);
    }
    let found = sandbox.atmos(&["describe", "stacks", "--format", "json"]).success().json();
    assert_eq!(found["dev"]["components"]["terraform"]["app"]["vars"]["v5"], "x");
    assert_eq!(found["s11"]["components"]["terraform"]["a"]["vars"]["v11"], "x");
    assert_eq!(services.log().len(), 12);
}
