//! `atmos auth …`

use super::super::args::{
    AuthArgs, AuthCommand, AuthListArgs, AuthScopeArgs, EnvArgs, ExecArgs, IdentityArgs, LoginArgs, LogoutArgs,
    ProcessArgs, SELECT, ValidateArgs, WhoamiArgs,
};
use super::super::error::Error;
use super::super::setup::Context;
use super::{auth_import, auth_look, auth_tools, unknown, write};
use crate::auth::Options;
use crate::auth::Validity;
use crate::auth::realm::{REALM_VARIABLE, Realm};
use crate::auth::resolution::Flag;
use crate::auth::run::Parent;
use crate::auth::{Problem, Severity};
use crate::diag::Result;
use crate::ops::{Access, auth};
use crate::output::{self, TableFormat};
use crate::value::{DurationForm, Map, Node, parse_duration};

pub(super) fn run(context: &Context, args: AuthArgs) -> Result<u8> {
    match args.command {
        AuthCommand::Login(args) => login(context, args),
        AuthCommand::Whoami(args) => whoami(context, &args),
        AuthCommand::Env(args) => env(context, args),
        AuthCommand::Exec(args) => exec(context, args),
        AuthCommand::Process(args) => process(context, args),
        AuthCommand::List(args) => list(context, &args),
        AuthCommand::Validate(args) => validate(context, &args),
        AuthCommand::Logout(args) => logout(context, args),
        AuthCommand::Shell(args) => auth_tools::shell(context, args),
        AuthCommand::Console(args) => auth_tools::console(context, args),
        AuthCommand::User(args) => auth_tools::user(context, args),
        AuthCommand::Import(args) => auth_import::import(context, args),
        AuthCommand::Keyring(args) => auth_tools::keyring(context, args),
        AuthCommand::Saml(args) => auth_tools::saml(context, args),
        AuthCommand::Explain(args) => auth_look::explain(context, args),
        AuthCommand::Refresh(args) => auth_look::refresh(context, &args),
        AuthCommand::GitCredential(args) => auth_tools::git_credential(context, args),
        AuthCommand::Doctor(args) => auth_look::doctor(context, &args),
        AuthCommand::Other(words) => Err(unknown::command("atmos auth", &words).into()),
    }
}

/// `--identity` as typed, as a rule's input.
pub(super) fn flag(identity: &IdentityArgs) -> Flag {
    match identity.identity.as_deref() {
        Some(SELECT) => Flag::Select,
        other => Flag::parse(other),
    }
}

/// `--stack` and `--component` as typed. What the call advises leads there, too.
pub(super) fn scope(context: &Context, scope: &AuthScopeArgs) -> auth::Scope {
    let scope = auth::Scope { stack: scope.stack.clone(), component: scope.component.clone() };
    if let Some(flags) = scope.flags() {
        context.screen.set_scope(flags);
    }
    scope
}

/// What the command works with: the `auth` section of the configuration, or of the stack that was named.
pub(super) fn access(context: &Context, args: &AuthScopeArgs, options: Options) -> Result<Access> {
    let scope = scope(context, args);
    auth::access(&context.app_with_config()?, &scope, options)?.sound()
}

fn login(context: &Context, args: LoginArgs) -> Result<u8> {
    let timeout = args.timeout.as_deref().map(timeout).transpose()?;
    let options = Options {
        force: args.force || args.webflow,
        no_browser: args.no_browser,
        webflow: args.webflow,
        timeout,
        ..Options::default()
    };
    let access = access(context, &args.scope, options)?;
    if args.all {
        return auth_look::login_all(context, &access, args);
    }
    let request = auth::LoginRequest {
        identity: flag(&args.identity),
        provider: args.provider,
        tags: args.tags,
        refresh: args.refresh,
    };
    let report = context.block_on(auth::login(&access, &request))??;
    context.host.talk.success("Authentication successful!\n");
    context.host.talk.info(output::auth::login(&report, context.host.now()));
    Ok(0)
}

pub(super) fn timeout(text: &str) -> Result<std::time::Duration> {
    let given = parse_duration(text, DurationForm::Go).filter(|given| !given.is_zero());
    given.ok_or_else(|| Error::Duration { flag: "timeout", value: text.to_owned() }.into())
}

fn whoami(context: &Context, args: &WhoamiArgs) -> Result<u8> {
    let variable = context.host.env.get("ATMOS_AUTH_WHOAMI_OUTPUT");
    let json = match args.output.as_deref().or(variable) {
        None | Some("" | "text") => false,
        Some("json") => true,
        Some(other) => return Err(Error::Format { format: other.to_owned(), valid: "json, text" }.into()),
    };
    let access = access(context, &args.scope, Options { interactive: false, ..Options::default() })?;
    if args.all {
        return auth_look::whoami_all(context, &access, args, json);
    }
    let request = auth::WhoamiRequest { identity: flag(&args.identity), verify: args.verify };
    let report = match context.block_on(auth::whoami(&access, &request))? {
        Ok(report) => report,
        // Who asks for a status wants to know one thing; why is on stderr.
        Err(report) if args.exit_code => {
            context.screen.error(&report, context.global.verbose == Some(true));
            return Ok(1);
        }
        Err(report) => return Err(report),
    };
    if json {
        let home = context.host.dirs.home.display().to_string();
        write::document(context, &output::auth::whoami_json(&report, &home), write::Format::Json, 2, None)?;
    } else {
        context.host.talk.info(output::auth::whoami(&report).trim_end());
    }
    let invalid = matches!(report.validity, Validity::Invalid(_));
    Ok(u8::from(args.exit_code && invalid))
}

fn env(context: &Context, args: EnvArgs) -> Result<u8> {
    let variables = &context.host.env;
    let min_ttl = args.min_ttl.as_deref().map(auth::min_ttl).transpose()?;
    let access = access(context, &args.scope, Options { interactive: args.login, ..Options::default() })?;
    let request = auth::EnvRequest {
        identity: flag(&args.identity),
        format: args.format.or_else(|| variables.get("ATMOS_AUTH_ENV_FORMAT").map(str::to_owned)),
        output_file: args.output_file.or_else(|| variables.get("ATMOS_AUTH_ENV_OUTPUT_FILE").map(Into::into)),
        login: args.login,
        min_ttl,
        delivery: args.delivery,
    };
    let report = context.block_on(auth::env(&access, &request))??;
    if let Some(text) = report.text {
        write::raw(context, &text)?;
    }
    Ok(0)
}

fn exec(context: &Context, args: ExecArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let access = auth::access(&app, &scope(context, &args.scope), Options::default())?.sound()?;
    let request = auth::ExecRequest {
        identity: flag(&args.identity),
        command: args.command,
        delivery: args.delivery,
        min_ttl: args.min_ttl,
    };
    context.block_on(auth::exec(&app, &access, &request))?
}

fn process(context: &Context, args: ProcessArgs) -> Result<u8> {
    let request = auth::ProcessRequest { identity: flag(&args.identity), socket: args.socket, chain: args.chain };
    // As a run's own configuration asks: nothing of ours is needed, the run knows it all.
    if let Some(socket) = request.socket.clone() {
        return write::raw(context, &context.block_on(auth::ask_run(&request, socket))??).map(|()| 0);
    }
    let mut app = context.app_as_it_is()?;
    if !app.config.found {
        // Then there is nothing but the run that could know the name.
        let parent = Parent::of(&app.host.env, &app.host.cwd).ok_or(Error::NoConfiguration)?;
        let socket = parent.socket().to_path_buf();
        return write::raw(context, &context.block_on(auth::ask_run(&request, socket))??).map(|()| 0);
    }
    if let Some(realm) = args.realm {
        app.host.env.set(REALM_VARIABLE, Realm::of_flag(realm)?);
    }
    let scope = scope(context, &args.scope);
    let access = auth::access(&app, &scope, Options { interactive: false, ..Options::default() })?.sound()?;
    write::raw(context, &context.block_on(auth::process(&access, &request))??)?;
    Ok(0)
}

fn list(context: &Context, args: &AuthListArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let scope = scope(context, &args.scope);
    let access = auth::access(&app, &scope, Options { interactive: false, ..Options::default() })?.sound()?;
    let names = |text: &Option<String>| {
        text.as_ref().map(|text| text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    };
    let request = auth::ListRequest {
        providers: names(&args.providers),
        identities: names(&args.identities),
        tags: args.tags.clone(),
    };
    let format = args.format.as_deref().unwrap_or("tree");
    let known = ["tree", "table", "json", "yaml", "graphviz", "dot", "mermaid", "markdown", "md"];
    if !known.contains(&format) {
        let valid = "tree, table, json, yaml, graphviz, mermaid, markdown";
        return Err(Error::Format { format: format.to_owned(), valid }.into());
    }
    let report = context.block_on(auth::list(&access, &request))??;
    let now = context.host.now();
    match format {
        "json" => write::data(context, &crate::yaml::emit_json_record(&report.document))?,
        "yaml" => write::document(context, &report.document, write::Format::Yaml, app.config.settings.tab_width, None)?,
        "table" => {
            let table = output::auth::table(&report.listing, now);
            write::data(context, &table.render(TableFormat::Table, context.host.terminal.stdout))?;
        }
        "graphviz" | "dot" => write::data(context, &output::auth_graph::graphviz(&report.listing))?,
        "mermaid" => write::data(context, &output::auth_graph::mermaid(&report.listing))?,
        "markdown" | "md" => write::data(context, &output::auth_graph::markdown(&report.listing))?,
        _ => write::data(context, &output::auth::tree(&report.listing, now))?,
    }
    Ok(0)
}

fn validate(context: &Context, args: &ValidateArgs) -> Result<u8> {
    if context.global.verbose == Some(true) {
        context.host.talk.info("Validating authentication configuration");
    }
    let app = context.app_with_config()?;
    let mut report = auth::validate(&app);
    auth::validate_commands(&app, &mut report);
    if args.stacks {
        auth::validate_stacks(&app, &mut report)?;
    }
    let sources = &app.host.sources;
    match args.format.as_deref() {
        Some("json") => write::document(context, &problems(&report.problems, sources), write::Format::Json, 2, None)?,
        None | Some("text") => {
            let talk = &context.host.talk;
            for problem in &report.problems {
                let mark = if problem.severity == Severity::Error { "✗" } else { "⚠" };
                talk.attention(format!("{mark} {}", problem.line(sources)));
            }
            if report.exit_code == 0 {
                talk.info("✅ Authentication configuration is valid");
            } else {
                talk.attention(format!(
                    "✗ Authentication configuration validation failed: invalid auth config, {} error(s)",
                    report.errors().count()
                ));
            }
        }
        Some(other) => return Err(Error::Format { format: other.to_owned(), valid: "text, json" }.into()),
    }
    Ok(report.exit_code)
}

fn problems(problems: &[Problem], sources: &crate::span::Sources) -> Node {
    let entry = |problem: &Problem| {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        let place = sources.place(problem.span).map(|place| place.to_string()).unwrap_or_default();
        let fields = [("severity", severity), ("message", &problem.message), ("place", &place)];
        Node::from(fields.iter().map(|(key, text)| ((*key).into(), Node::from(*text))).collect::<Map>())
    };
    Node::from(problems.iter().map(entry).collect::<Vec<_>>())
}

fn logout(context: &Context, args: LogoutArgs) -> Result<u8> {
    let access = access(context, &args.scope, Options { interactive: false, ..Options::default() })?;
    auth::outside_only(&access, "logout")?;
    let request = auth::LogoutRequest {
        name: args.name,
        identity: flag(&args.identity),
        provider: args.provider,
        tags: args.tags,
        all: args.all,
        all_realms: args.all_realms,
        keychain: args.keychain,
        force: args.force,
        dry_run: args.dry_run,
    };
    let report = context.block_on(auth::logout(&access, &request))??;
    context.host.talk.info(output::auth::logout(&report).trim_end());
    Ok(u8::from(!report.left.is_empty()))
}
