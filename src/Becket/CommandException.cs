namespace Becket;

/// <summary>How the program ended, as scripts see it.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>What was asked for could not be done.</summary>
    public const int Failure = 1;

    /// <summary>What was asked for makes no sense: wrong options or words.</summary>
    public const int Usage = 2;

    /// <summary>Everything was read, and there is nothing that it could be compared with.</summary>
    public const int Unverifiable = 3;
}

/// <summary>
/// Ends the program with one sentence on standard error. The message says what happened, to which object or option, and
/// what to try; it never holds a secret.
/// </summary>
internal sealed class CommandException(string message, int exitCode = ExitCode.Failure, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    public static CommandException Usage(string message) => new(message, Becket.ExitCode.Usage);
}
