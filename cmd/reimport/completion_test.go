package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// shell runs a script in a shell that reaches the fake cluster, and returns what it prints.
func shell(t *testing.T, script string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Skip("SKIPPING the completion of ", args[0], ": ", err)
	}
	// A prompt that never says what is waited for would hold the test for ever.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], strings.ReplaceAll(script, "LOAD", example(t, args[0])))...)
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), startFake(t).environment()...)
	cmd.Env = append(cmd.Env, "HOME="+t.TempDir(), "TERM=dumb")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, &said)
	}
	return string(out)
}

// example is the line with which the documentation loads the script of a shell.
func example(t *testing.T, shell string) string {
	for line := range strings.Lines(newCompletionCommand().Example) {
		if strings.Contains(line, "completion "+strings.Replace(shell, "pwsh", "powershell", 1)) {
			return strings.TrimSpace(line)
		}
	}
	t.Fatal("no line loads the script of ", shell)
	return ""
}

// TestBash loads the script as its example says, and calls the function that bash calls at a tab.
func TestBash(t *testing.T) {
	t.Parallel()
	const library = "/usr/share/bash-completion/bash_completion"
	if _, err := os.Stat(library); err != nil {
		t.Skip("SKIPPING the completion of bash: ", err)
	}
	got := shell(t, `
source `+library+`
LOAD
tab() {
	COLUMNS=80 COMP_TYPE=63 COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMPREPLY=()
	COMP_POINT=${#COMP_LINE}
	__start_reimport 2>/dev/null # outside of a prompt, compopt complains
	printf '<%s>' "${COMPREPLY[@]}"
	echo
}
tab reimport im
tab reimport import reset ''
tab reimport import reset 1
tab reimport import reset ses
tab reimport module get b
tab reimport serve --log-format ''
`, "bash", "--norc", "-c")
	holds(t, got, "<import>", "<1 ", "(sessions)>", "<3 ", "<1>", "1 is the uid of sessions", "<b14385b09778a335835ee3ae380bbc77>", "<text><json>")
}

// TestZsh types at the prompt of a zsh that another one holds on a terminal.
func TestZsh(t *testing.T) {
	t.Parallel()
	got := shell(t, `
zmodload zsh/zpty
zpty prompt zsh -f -i
type() { zpty -w -n prompt "$1"; zpty -r prompt said "*$2*"; print -r -- $said; }
zpty -w prompt 'PS1=; stty cols 200; autoload -U compinit; compinit -u -D; LOAD; echo re""ady'
zpty -r prompt said '*ready*'
type $'reimport import reset \t' '-- carts'
type $'\C-ureimport import reset ses\t' 'uid of sessions'
type $'\C-ureimport module get b\t' 'get b14385b09778a335835ee3ae380bbc77'
zpty -d prompt
`, "zsh", "-f", "-c")
	holds(t, got, "1  -- sessions", "3  -- carts", "1 is the uid of sessions", "b14385b09778a335835ee3ae380bbc77")
}

func TestFish(t *testing.T) {
	t.Parallel()
	got := shell(t, `
LOAD
complete -C 'reimport im'
complete -C 'reimport import reset '
complete -C 'reimport module get b'
complete -C 'reimport serve --log-format '
`, "fish", "--no-config", "-c")
	holds(t, got, "import\tImports of RDB files\n", "1\tsessions\n", "3\tcarts", "b14385b09778a335835ee3ae380bbc77\tbf\n", "json\n", "text\n")
}

// TestPowerShell asks pwsh for what it would show. Where there is none, completion.txtar holds at least that the script is
// made and that what it calls answers.
func TestPowerShell(t *testing.T) {
	t.Parallel()
	got := shell(t, `
LOAD
foreach ($line in 'reimport im', 'reimport import reset ', 'reimport module get b') {
	[System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches | ForEach-Object { $_.CompletionText.Trim() + ' ' + $_.ToolTip }
}
`, "pwsh", "-NoProfile", "-NonInteractive", "-Command")
	holds(t, got, "import ", "1 sessions", "3 carts", "b14385b09778a335835ee3ae380bbc77 bf")
}

// holds wants these in the text, in this order.
func holds(t *testing.T, text string, want ...string) {
	t.Helper()
	rest := text
	for _, w := range want {
		_, after, found := strings.Cut(rest, w)
		if !found {
			t.Fatalf("%q is missing from %q, the rest of\n%s", w, rest, text)
		}
		rest = after
	}
}
