using System.CommandLine;

namespace Becket.Commands;

/// <summary>
/// <c>becket completions SHELL</c>: prints a script that asks the program itself what may follow, so that completions
/// never lag behind the options.
/// </summary>
internal static class CompletionsCommand
{
    private const string Bash = """
        _becket() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(becket "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")); fi
        }
        complete -o filenames -F _becket becket
        """;

    private const string Zsh = """
        #compdef becket
        _becket() {
            local -a words_found
            words_found=("${(@f)$(becket "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            compadd -a words_found || _files
        }
        compdef _becket becket
        """;

    private const string Fish = """
        complete -c becket -a '(becket "[suggest:"(string length -- (commandline -cp))"]" (commandline -cp) 2>/dev/null)'
        """;

    public static Command Build()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completions", "Print the completion script: source <(becket completions bash)") { shell };
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(shell) switch
        {
            "zsh" => Zsh,
            "fish" => Fish,
            _ => Bash,
        }));
        return command;
    }
}
