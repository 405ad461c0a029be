# Completion of atmos for bash. Load it with:  source <(atmos completion bash)

_atmos_complete() {
    # Bash cuts words at `=` and `:`; what stands on the line without a blank between is one word again.
    local rest=$COMP_LINE word i
    local -a words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $rest != [[:space:]]* ]]; then
            words[${#words[@]} - 1]+=$word
        else
            rest=${rest#"${rest%%[![:space:]]*}"}
            words+=("$word")
        fi
        rest=${rest#"$word"}
    done
    words=("${words[@]//[\"\'\\]/}")

    local out
    out=$("${words[0]}" __completeNoDesc "${words[@]:1}" 2>/dev/null </dev/null) || return 0
    local directive=${out##*:} current=${words[${#words[@]} - 1]}
    [[ $directive =~ ^[0-9]+$ ]] || return 0
    [[ $current == -*=* ]] && current=${current#*=}

    COMPREPLY=()
    local candidate
    while IFS= read -r candidate; do
        [[ -n $candidate && $candidate == "$current"* ]] && COMPREPLY+=("$(printf '%q' "$candidate")")
    done <<<"${out%$'\n'*}"
    [[ $out == :* ]] && COMPREPLY=()

    # What bash takes for the word begins behind the last colon.
    if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
        local before=${current%"${current##*:}"}
        for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$before"}; done
    fi

    ((directive & 2)) && compopt -o nospace 2>/dev/null
    if ((directive & 16)); then
        compopt -o filenames 2>/dev/null
        while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -d -- "$current")
    elif ! ((directive & 4)); then
        compopt -o filenames 2>/dev/null
        while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "$current")
    fi
    return 0
}

complete -F _atmos_complete atmos
