using System.CommandLine;
using System.CommandLine.Parsing;
using Becket.Blocks;
using Becket.Commands;
using Becket.Fuse;
using Becket.Nbd.Kernel;
using Becket.Objects;
using Becket.Serving;
using Microsoft.Extensions.Logging;

namespace Becket;

/// <summary>
/// Where every failure of the program ends: one sentence on standard error and an exit code. A stack trace only with
/// <c>-v</c>, or for a failure that nobody foresaw.
/// </summary>
internal static class ErrorEdge
{
    public static async Task<int> RunAsync(ParseResult parsed, CancellationToken stopping)
    {
        if (parsed.Errors.Count > 0
            && parsed.Action is not System.CommandLine.Help.HelpAction and not ExamplesFirstHelp and not VersionAction)
        {
            foreach (var error in parsed.Errors)
                await Journal.WriteLineAsync(LogLevel.Error, $"becket: {Sentence(error)}; '{CommandPath(parsed)} --help' shows how");
            return ExitCode.Usage;
        }

        try
        {
            // Signals are ours: a server that is asked to stop drains first.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return ExitCode.Failure;
        }
        catch (Exception e)
        {
            var (sentence, exitCode, foreseen) = Explain(e);
            await Journal.WriteLineAsync(LogLevel.Error, $"becket: {sentence}");
            if (!foreseen || parsed.GetValue(VerboseOption.Instance))
                await Journal.WriteLineAsync(LogLevel.Error, e.ToString());
            return exitCode;
        }
    }

    public static (string Sentence, int ExitCode, bool Foreseen) Explain(Exception e) => e switch
    {
        CommandException command => (command.Message, command.ExitCode, true),
        ObjectStoreException { Error: ObjectStoreError.NoCredentials or ObjectStoreError.AccessDenied } =>
            (e.Message + SudoAdvice.Text, ExitCode.Failure, true),
        KernelDeviceException or FuseException => (e.Message, ExitCode.Failure, true),
        ObjectStoreException or BlockDeviceException => (e.Message, ExitCode.Failure, true),
        IOException or UnauthorizedAccessException => (e.Message, ExitCode.Failure, true),
        _ => ($"this should not happen, please report it: {e.Message}", ExitCode.Failure, false),
    };

    /// <summary>The parser says that an argument is missing, but not which.</summary>
    private static string Sentence(ParseError error) =>
        error.SymbolResult is ArgumentResult { Parent: CommandResult, Tokens.Count: 0, Argument.HelpName: { } missing }
            ? $"{missing} is missing"
            : OneLine(error.Message);

    /// <summary>The parser puts the values that it knows on lines of their own.</summary>
    private static string OneLine(string message) =>
        message.Replace(":\n\t", ": ", StringComparison.Ordinal).Replace("\n\t", ", ", StringComparison.Ordinal).TrimEnd('.');

    private static string CommandPath(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "becket" : $"becket {parsed.CommandResult.Command.Name}";
}
