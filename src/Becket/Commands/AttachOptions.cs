using System.CommandLine;
using Becket.Attaching;

namespace Becket.Commands;

/// <summary>The options of every command that attaches a source.</summary>
internal sealed class AttachOptions
{
    /// <summary>
    /// Longer than a server gives an ordinary client: under a mounted file system an error is worse than a wait, and a store
    /// that restarts is back within a minute.
    /// </summary>
    private static readonly TimeSpan DefaultIoTimeout = TimeSpan.FromMinutes(2);

    private readonly Option<string> _via = new("--via")
    {
        Description = "nbd or fuse (default: nbd where the kernel has it)",
        HelpName = "WAY",
    };
    private readonly Option<TimeSpan?> _ioTimeout = IoTimeoutOption.Create("2m");
    private readonly Option<bool> _foreground = new("--foreground", "-f") { Description = "Serve in this process, log to standard error" };
    private readonly Option<string> _logFile = new("--log-file")
    {
        Description = "Log of the background process (default: the journal)",
        HelpName = "FILE",
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, for scripts" };
    private readonly CacheOptions _cache = new();
    private readonly SourceOptions _source = new();
    private readonly StatusOptions _status = new();

    public void AddTo(Command command)
    {
        _via.AcceptOnlyFromAmong("nbd", "fuse");
        foreach (var option in (Option[])[_via, _ioTimeout, _foreground, _logFile, _json])
            command.Options.Add(option);
        _cache.AddTo(command);
        _source.AddTo(command);
        _status.AddTo(command);
    }

    public bool IsForeground(ParseResult parsed) => parsed.GetValue(_foreground);

    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    public string? LogFile(ParseResult parsed) => parsed.GetValue(_logFile) is { } file ? Path.GetFullPath(file) : null;

    /// <summary>What is asked for, without a mount.</summary>
    public AttachmentRequest Read(ParseResult parsed, Sources.DeviceSource source)
    {
        var timeout = parsed.GetValue(_ioTimeout) ?? DefaultIoTimeout;
        return new AttachmentRequest
        {
            Source = source,
            Method = parsed.GetValue(_via) switch { "nbd" => AttachmentMethod.Nbd, "fuse" => AttachmentMethod.Fuse, _ => null },
            IoTimeout = timeout,
            Store = _source.Read(parsed, Sources.NbdkitParameters.Parse([])),
            Cache = _cache.Read(parsed).WaitingAtMost(timeout),
            IsVerbose = parsed.GetValue(VerboseOption.Instance),
            Status = _status.ReadAddress(parsed),
            LogFormat = _status.ReadLogFormat(parsed),
        };
    }
}
