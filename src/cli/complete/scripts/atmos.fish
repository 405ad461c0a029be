# Completion of atmos for fish. Load it with:  atmos completion fish | source

function __atmos_ask
    set -l words (commandline -opc)
    set -l current (commandline -ct | string unescape)
    set -l lines (command $words[1] __complete $words[2..-1] "$current" 2>/dev/null </dev/null)
    set -g __atmos_directive (string replace -r '^:' '' -- $lines[-1])
    string match -qr '^[0-9]+$' -- $__atmos_directive; or begin
        set -g __atmos_directive 4
        return
    end
    set -l before (string match -r '^-[^=]*=' -- $current)
    if test (count $lines) -gt 1
        for line in $lines[1..-2]
            printf '%s%s\n' "$before" $line
        end
    end
    if test (math "floor($__atmos_directive / 4) % 2") -eq 0
        __fish_complete_path (string replace -r '^-[^=]*=' '' -- $current)
    end
end

complete -c atmos -e
complete -c atmos -f -a '(__atmos_ask)'
