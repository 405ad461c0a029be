#compdef atmos
# Completion of atmos for zsh. Load it with:  source <(atmos completion zsh)

_atmos() {
    local -a lines candidates
    local line value about directive
    lines=("${(@f)$(${words[1]} __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
    directive=${lines[-1]#:}
    [[ $directive == <-> ]] || return 0
    for line in "${(@)lines[1,-2]}"; do
        value=${line%%$'\t'*}
        about=""
        [[ $line == *$'\t'* ]] && about=${line#*$'\t'}
        value=${value//:/\\:}
        candidates+=("$value${about:+:$about}")
    done
    [[ ${words[CURRENT]} == -*=* ]] && compset -P '*='
    local -a more
    ((directive & 2)) && more=(-S '')
    (($#candidates)) && _describe 'atmos' candidates "${more[@]}"
    if ((directive & 16)); then
        _files -/
    elif ! ((directive & 4)); then
        _files
    fi
    return 0
}

# Loaded as a function of `fpath`, or sourced.
if [[ ${funcstack[1]} == _atmos ]]; then
    _atmos "$@"
else
    ((${+functions[compdef]})) || { autoload -Uz compinit && compinit -D; }
    compdef _atmos atmos
fi
