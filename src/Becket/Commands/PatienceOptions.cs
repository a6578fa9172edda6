using System.CommandLine;
using System.CommandLine.Parsing;
using Becket.Nbd;

namespace Becket.Commands;

/// <summary>The options that say how long a server waits for a client that does nothing.</summary>
internal sealed class PatienceOptions
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private readonly Option<TimeSpan> _handshake = new("--handshake-timeout")
    {
        Description = $"Time for a client to choose an export (default: {new NbdServerOptions().HandshakeTimeout.TotalSeconds:0}s)",
        HelpName = "TIME",
        CustomParser = Parse,
    };

    private readonly Option<TimeSpan> _idle = new("--idle-timeout")
    {
        Description = "Disconnect a client that asks for nothing for this long (default: never)",
        HelpName = "TIME",
        CustomParser = Parse,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_handshake);
        command.Options.Add(_idle);
    }

    /// <summary>Null: the server's own.</summary>
    public TimeSpan? ReadHandshake(ParseResult parsed) => Read(parsed, _handshake);

    /// <summary>Null: a client may be idle for ever.</summary>
    public TimeSpan? ReadIdle(ParseResult parsed) => Read(parsed, _idle);

    private static TimeSpan? Read(ParseResult parsed, Option<TimeSpan> option) =>
        parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : null;

    private static TimeSpan Parse(ArgumentResult result) => OptionValues.ParseTime(result, Longest, "90s, 5m, 12h, 2d");
}
