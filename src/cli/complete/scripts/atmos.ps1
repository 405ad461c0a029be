# Completion of atmos for PowerShell. Load it with:  atmos completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName 'atmos' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    try {
        $words = @($commandAst.CommandElements |
            Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
            ForEach-Object { $_.Extent.Text.Trim("'", '"') })
        $arguments = @($words | Select-Object -Skip 1)
        if ($wordToComplete -eq '') { $arguments += '' }
        $lines = @(& $words[0] __complete @arguments 2>$null)
        if ($lines.Count -lt 1 -or $lines[-1] -notmatch '^:\d+$') { return }
        $before = ''
        $current = $wordToComplete
        if ($wordToComplete -match '^(-[^=]*=)(.*)$') { $before = $Matches[1]; $current = $Matches[2] }
        foreach ($line in @($lines | Select-Object -SkipLast 1)) {
            $value, $about = $line -split "`t", 2
            if (-not $about) { $about = $value }
            if ($value.StartsWith($current)) {
                [System.Management.Automation.CompletionResult]::new("$before$value", $value, 'ParameterValue', $about)
            }
        }
    } catch { }
}
