//! Commits what a component made, and pushes it: to the repository that it lies in, or to one of `git.repositories`.

use std::path::{Component, Path, PathBuf};

use super::error::Error;
use super::event::Event;
use super::hook::{Hook, Publish};
use super::run::Around;
use crate::diag::{Report, Result, nearest};
use crate::exec::folder_lock::{self, FolderLock};
use crate::exec::process::Outcome;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};
use crate::host::Env;
use crate::ops::child;
use crate::value::Node;

/// How often a push is tried again that came after somebody else's.
const RETRIES: u64 = 3;

/// Why nothing was published.
enum Stop {
    /// The hook's own failure.
    Refused { reason: String, help: String },
    /// What ends the whole run.
    Broken(Report),
}

impl Stop {
    fn new(reason: impl Into<String>, help: impl Into<String>) -> Stop {
        Stop::Refused { reason: reason.into(), help: help.into() }
    }
}

impl From<ExecError> for Stop {
    fn from(error: ExecError) -> Stop {
        match error {
            ExecError::Interrupted { .. } => Stop::Broken(error.into()),
            other => {
                let help = miette::Diagnostic::help(&other).map(|help| help.to_string());
                Stop::new(other.to_string(), help.unwrap_or_else(|| "install git".to_owned()))
            }
        }
    }
}

/// Where commits are made.
struct Place {
    folder: PathBuf,
    remote: String,
    branch: Option<String>,
    retries: u64,
    /// Words before `commit`: an author of the configuration.
    author: Vec<String>,
    /// `always`, `never`, or what git is configured to do.
    signing: String,
    /// The commit of the repository around the component.
    source: Option<String>,
}

/// Commits and pushes. A failure comes back as a value; nothing to commit is none.
pub(super) async fn run(
    hook: &Hook,
    publish: &Publish,
    event: Event<'_>,
    around: &mut Around<'_>,
) -> Result<Option<Error>> {
    let mut env = around.env.clone();
    // Git does not ask anybody while a run is going on.
    env.set("GIT_TERMINAL_PROMPT", "0");
    let masker = around.app.host.masker.clone();
    match (Git { around, env }).publish(publish).await {
        Ok(()) => Ok(None),
        Err(Stop::Broken(report)) => Err(report),
        Err(Stop::Refused { reason, help }) => {
            let (hook, event, reason) = (hook.name.clone(), event.to_string(), masker.mask(&reason).into_owned());
            Ok(Some(Error::GitFailed { hook, event, reason, help }))
        }
    }
}

struct Git<'g, 'a> {
    around: &'g mut Around<'a>,
    env: Env,
}

impl Git<'_, '_> {
    async fn publish(&mut self, publish: &Publish) -> std::result::Result<(), Stop> {
        let (place, _lock) = match &publish.repository {
            Some(name) => self.named(name).await?,
            None => self.current().await?,
        };
        for path in &publish.paths {
            if !stays_inside(path) {
                return Err(Stop::new(
                    format!("the path `{path}` of `commit.paths` is outside of {}", place.folder.display()),
                    "paths are below the folder of the component, or below the repository that the hook names",
                ));
            }
        }
        let instance = self.around.instance;
        let Some(commit) = self.commit(&place, publish).await? else {
            let (name, stack) = (&instance.name, &instance.stack);
            self.around.app.host.talk.info(format!("No changes to publish of {name} in {stack}"));
            return Ok(());
        };
        let message = format!("Published commit {commit} of {} in {}", instance.name, instance.stack);
        self.around.app.host.talk.info(message);
        if publish.push { self.push(&place).await } else { Ok(()) }
    }

    /// The repository that the component lies in; paths begin in the component's folder.
    async fn current(&mut self) -> std::result::Result<(Place, Option<FolderLock>), Stop> {
        let folder = self.around.folder.to_path_buf();
        let own = self.git(&folder, &["rev-parse", "--absolute-git-dir"]).await?;
        // Without a repository there is nothing to keep others from: git says so itself.
        let lock = match own.code {
            0 => Some(self.alone(PathBuf::from(own.text())).await?),
            _ => None,
        };
        let head = self.git(&folder, &["rev-parse", "--verify", "--quiet", "HEAD"]).await?;
        let branch = self.git(&folder, &["symbolic-ref", "--quiet", "--short", "HEAD"]).await?;
        let place = Place {
            source: (head.code == 0).then(|| head.text().trim().to_owned()),
            folder,
            remote: "origin".to_owned(),
            branch: (branch.code == 0).then(|| branch.text().trim().to_owned()),
            retries: RETRIES,
            author: Vec::new(),
            signing: String::new(),
        };
        Ok((place, lock))
    }

    /// Keeps the hooks of other components, and of other processes, out of a repository: git itself refuses a second commit
    /// while one is being made.
    async fn alone(&mut self, repository: PathBuf) -> std::result::Result<FolderLock, Stop> {
        let host = &self.around.app.host;
        Ok(self.around.signals.guard(folder_lock::acquire_patiently(host, &[repository])).await?)
    }

    /// A repository of `git.repositories`: cloned where it is not here, else brought up to date.
    async fn named(&mut self, name: &str) -> std::result::Result<(Place, Option<FolderLock>), Stop> {
        let app = self.around.app;
        let all = app.config.document.get_path(["git", "repositories"]).and_then(Node::as_map);
        let Some(entry) = all.and_then(|all| all.get(name)) else {
            let near = all.and_then(|all| nearest(name, all.keys().map(|key| &**key)));
            let help = near.map_or_else(
                || "name one of `git.repositories` in atmos.yaml".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(Stop::new(format!("there is no repository `{name}` in `git.repositories`"), help));
        };
        let text = |path: &[&str]| {
            let found = entry.get_path(path.iter().copied()).and_then(Node::scalar_text);
            found.filter(|text| !text.is_empty())
        };
        if text(&["auth", "identity"]).is_some() {
            return Err(Stop::new(
                format!("`auth.identity` of the repository `{name}` is not built yet"),
                "hooks run as the component's identity; leave it out, or push in a step of its own",
            ));
        }
        let Some(uri) = text(&["uri"]) else {
            return Err(Stop::new(format!("the repository `{name}` has no `uri`"), "say where it is cloned from"));
        };
        let cache = ["atmos", "git", "repositories", name];
        let folder = text(&["workdir"]).map_or_else(
            || cache.iter().fold(app.host.dirs.cache.clone(), |path, part| path.join(part)),
            |workdir| app.config.base_path.join(workdir),
        );
        let author = [("user.name", "name"), ("user.email", "email")].into_iter().filter_map(|(key, part)| {
            let value = text(&["commit", "author", part])?;
            Some(["-c".to_owned(), format!("{key}={value}")])
        });
        let retries = text(&["push", "retries"]).and_then(|text| text.parse().ok()).unwrap_or(RETRIES);
        let place = Place {
            author: author.flatten().collect(),
            remote: text(&["remote"]).unwrap_or_else(|| "origin".to_owned()),
            branch: text(&["branch"]),
            signing: text(&["commit", "signing"]).unwrap_or_default(),
            source: None,
            retries,
            folder,
        };
        let lock = self.alone(place.folder.join(".git")).await?;
        self.bring(&place, &uri).await?;
        Ok((place, Some(lock)))
    }

    async fn bring(&mut self, place: &Place, uri: &str) -> std::result::Result<(), Stop> {
        let branch = place.branch.as_deref();
        if place.folder.join(".git").exists() {
            let mut words = vec!["pull", "--quiet", "--ff-only", &place.remote];
            words.extend(branch);
            return self.sound(&place.folder, &words).await.map(drop);
        }
        let parent = place.folder.parent().unwrap_or(Path::new("/")).to_path_buf();
        std::fs::create_dir_all(&parent).map_err(ExecError::file("create", &parent))?;
        let folder = place.folder.display().to_string();
        let mut words = vec!["clone", "--quiet", "--origin", &place.remote];
        words.extend(branch.into_iter().flat_map(|branch| ["--branch", branch]));
        words.extend(["--", uri, &folder]);
        self.sound(&parent, &words).await.map(drop)
    }

    /// The new commit; `None` where there is nothing to commit.
    async fn commit(&mut self, place: &Place, publish: &Publish) -> std::result::Result<Option<String>, Stop> {
        let paths: Vec<&str> = publish.paths.iter().map(String::as_str).collect();
        if !paths.is_empty() {
            self.sound(&place.folder, &[&["add", "--all", "--"], &paths[..]].concat()).await?;
        }
        let scope = if paths.is_empty() { Vec::new() } else { [&["--"], &paths[..]].concat() };
        let staged = self.git(&place.folder, &[&["diff", "--cached", "--quiet"], &scope[..]].concat()).await?;
        match staged.code {
            0 => return Ok(None),
            1 => {}
            _ => return Err(failed("diff", &staged)),
        }
        let instance = self.around.instance;
        let message = publish
            .message
            .clone()
            .unwrap_or_else(|| format!("Update artifacts for {} in {}", instance.name, instance.stack));
        let mut trailers = format!("Atmos-Component: {}", instance.name);
        if let Some(source) = &place.source {
            trailers = format!("{trailers}\nAtmos-Source-SHA: {source}");
        }
        let message = format!("{}\n\n{trailers}\nAtmos-Stack: {}", message.trim_end(), instance.stack);
        let mut words: Vec<&str> = place.author.iter().map(String::as_str).collect();
        words.extend(["commit", "--quiet", "-m", &message]);
        match place.signing.as_str() {
            "always" => words.push("-S"),
            "never" => words.push("--no-gpg-sign"),
            _ => {}
        }
        // Whatever else is staged is somebody else's business.
        words.extend(&scope);
        self.sound(&place.folder, &words).await?;
        let commit = self.sound(&place.folder, &["rev-parse", "HEAD"]).await?;
        Ok(Some(commit.text().trim().to_owned()))
    }

    /// Pushes, on top of what others have pushed meanwhile.
    async fn push(&mut self, place: &Place) -> std::result::Result<(), Stop> {
        let target = place.branch.as_deref().map(|branch| format!("HEAD:refs/heads/{branch}"));
        let mut words = vec!["push", "--quiet", &place.remote];
        words.push(target.as_deref().unwrap_or("HEAD"));
        for attempt in 0..=place.retries {
            let pushed = self.git(&place.folder, &words).await?;
            if pushed.code == 0 {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&pushed.errors);
            let behind = ["non-fast-forward", "fetch first", "[rejected]"].iter().any(|word| said.contains(word));
            if !behind || attempt == place.retries {
                return Err(failed("push", &pushed));
            }
            let mut pull = vec!["pull", "--quiet", "--rebase", "--autostash", &place.remote];
            pull.extend(place.branch.as_deref());
            self.sound(&place.folder, &pull).await?;
        }
        Ok(())
    }

    /// Runs git and wants it to succeed.
    async fn sound(&mut self, folder: &Path, words: &[&str]) -> std::result::Result<Outcome, Stop> {
        let outcome = self.git(folder, words).await?;
        if outcome.code == 0 {
            return Ok(outcome);
        }
        let word = words.iter().find(|word| !word.starts_with('-') && !word.contains('=')).unwrap_or(&"");
        Err(failed(word, &outcome))
    }

    async fn git(&mut self, folder: &Path, words: &[&str]) -> std::result::Result<Outcome, Stop> {
        let launch = Launch {
            program: "git".to_owned(),
            configured: "a hook of the kind git".to_owned(),
            args: words.iter().map(Into::into).collect(),
            cwd: folder.to_path_buf(),
            env: self.env.clone(),
            output: Output::Apart,
            stderr: None,
            hangup: Hangup::PassesOn,
        };
        let around = child::surroundings(&self.around.app.host);
        let outcome = process::run(&launch, around, self.around.signals).await?;
        match outcome.stop {
            Some(stop) => Err(ExecError::Interrupted { stop }.into()),
            None => Ok(outcome),
        }
    }
}

fn failed(word: &str, outcome: &Outcome) -> Stop {
    let said = String::from_utf8_lossy(&outcome.errors);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let help = "git says it above; `on_failure: warn` goes on when the hook fails";
    Stop::new(format!("git {word} exited with code {}: {}", outcome.code, said.join("; ")), help)
}

/// Whether a relative path leads to something below the place where it begins.
fn stays_inside(path: &str) -> bool {
    let mut depth = 0i32;
    for part in Path::new(path).components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth -= 1,
            Component::RootDir | Component::Prefix(_) => return false,
        }
        if depth < 0 {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_where_they_begin() {
        for (path, inside) in
            [("out", true), ("./a/../b", true), (".", true), ("..", false), ("a/../../b", false), ("/etc", false)]
        {
            assert_eq!(stays_inside(path), inside, "{path}");
        }
    }
}
