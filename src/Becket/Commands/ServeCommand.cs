using System.CommandLine;
using Becket.Nbd;
using Becket.Objects;
using Becket.Serving;
using Becket.Sources;
using Becket.Status;
using Microsoft.Extensions.Logging;

namespace Becket.Commands;

/// <summary><c>becket serve</c>: offers sources as NBD exports. Option names are nbdkit's, whose users know them.</summary>
internal sealed class ServeCommand
{
    private readonly Argument<string[]> _words = new("source")
    {
        Description = "s3://bucket/key, https://host/file, a local file; or nbdkit's bucket=B key=K ...",
        Arity = ArgumentArity.ZeroOrMore,
        HelpName = "SOURCE",
    };
    private readonly Option<string[]> _exports = new("--export")
    {
        Description = "One of several exports; the first is the default one",
        HelpName = "NAME=SOURCE",
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<string> _exportName = new("--exportname", "-e", "--export-name")
    {
        Description = "Name of the single export (default: the empty name)",
        HelpName = "NAME",
    };
    private readonly Option<string> _unix = new("--unix", "-U")
    {
        Description = "Listen on a unix socket ('-': a temporary one)",
        HelpName = "PATH",
    };
    private readonly Option<int?> _port = new("--port", "-p")
    {
        Description = $"Listen on a TCP port (default: {NbdUri.DefaultPort}; 0: any)",
        HelpName = "PORT",
    };
    private readonly Option<string> _address = new("--ipaddr", "-i", "--ip-addr")
    {
        Description = $"Address to listen on (default: {TcpListening.DefaultAddress})",
        HelpName = "ADDRESS",
    };
    private readonly Option<bool> _single = new("--single", "-s") { Description = "Serve one client on standard input and output" };
    private readonly Option<string> _run = new("--run")
    {
        Description = "Run a shell command that sees $uri, stop when it ends",
        HelpName = "COMMAND",
    };
    private readonly Option<bool> _writable = new("--writable", "-w") { Description = "Let clients write to local files" };
    private readonly Option<bool> _readOnly = new("--readonly", "-r", "--read-only") { Description = "Refuse every change (the default)" };
    private readonly Option<string> _pidFile = new("--pidfile", "-P", "--pid-file")
    {
        Description = "Write the process id once ready",
        HelpName = "FILE",
    };
    private readonly Option<string> _user = new("--user", "-u")
    {
        Description = "Become this user when all is open",
        HelpName = "USER[:GROUP]",
    };
    private readonly Option<string> _group = new("--group", "-g") { Description = "... and this group", HelpName = "GROUP" };
    private readonly Option<bool> _foreground = new("--foreground", "-f")
    {
        Description = "Stay in the foreground (always so; accepted for nbdkit's sake)",
    };
    private readonly Option<int> _maximumConnections = new("--max-connections")
    {
        Description = "Clients at a time",
        HelpName = "N",
        DefaultValueFactory = _ => new NbdServerOptions().MaximumConnections,
    };
    private readonly PatienceOptions _patienceOptions = new();
    private readonly Option<TimeSpan?> _ioTimeout = IoTimeoutOption.Create("25s");
    private readonly TlsOptions _tlsOptions = new();
    private readonly AdmissionOptions _admissionOptions = new();
    private readonly CacheOptions _cacheOptions = new();
    private readonly SourceOptions _sourceOptions = new();
    private readonly StatusOptions _statusOptions = new();

    public Command Build()
    {
        var command = new Command("serve", "Serve objects, URLs or files as NBD exports") { Arguments = { _words } };
        Option[] options =
        [
            _unix, _port, _address, _single, _run, _exports, _exportName, _readOnly, _writable, _pidFile, _user, _group, _foreground,
            _maximumConnections, _ioTimeout,
        ];
        foreach (var option in options)
            command.Options.Add(option);
        _patienceOptions.AddTo(command);
        _tlsOptions.AddTo(command);
        _admissionOptions.AddTo(command);
        _cacheOptions.AddTo(command);
        _sourceOptions.AddTo(command);
        _statusOptions.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken stopping)
    {
        InlineSockets.Enable();
        var words = SourceWords.Parse(parsed.GetValue(_words) ?? []);
        var listening = ReadListening(parsed);
        var exports = ReadExports(parsed, words.Sources);
        var settings = _sourceOptions.Read(parsed, words.Parameters);
        var ioTimeout = parsed.GetValue(_ioTimeout) ?? new RetryPolicy().Deadline;
        var plan = _cacheOptions.Read(parsed).WaitingAtMost(ioTimeout);
        if (listening.User is not null && plan.Folder is not null)
        {
            throw CommandException.Usage(
                "--user and --cache-dir exclude one another: the folder is opened by root, and has to be the user's; "
                + "run becket as that user (setpriv, systemd's User=)");
        }

        var logFormat = _statusOptions.ReadLogFormat(parsed);
        using var loggers = StderrLog.CreateFactory(
            StderrLog.LevelFor(parsed.GetValue(VerboseOption.Instance), logFormat), logFormat, clock: null);
        Log.WarnOfSecrets(loggers.CreateLogger<ServeCommand>(), words.Parameters);

        var tls = _tlsOptions.Read(parsed, loggers);
        using var opener = new SourceOpener(settings, loggers) { WarmConnections = SourceOpener.WarmToServe, ReadDeadline = ioTimeout };
        using var cache = new SourceCache(plan, loggers);
        var board = new StatusBoard();
        await using var status = await StatusServer.StartAsync(_statusOptions.ReadAddress(parsed), board, loggers, stopping);
        using var otlp = OtlpExport.Start(board, _statusOptions.ReadAddress(parsed));
        await using var catalog = await ExportCatalog.OpenAsync(exports, opener, cache, loggers, stopping);
        using var statistics = new Statistics(catalog, opener.Stores, parsed.GetValue(VerboseOption.Instance));
        using var shown = board.Show(catalog.Exports.Zip(exports, Show), opener, cache);
        return await new Server(catalog, listening, tls, board, loggers).RunAsync(stopping);
    }

    private static ShownExport Show(KeyValuePair<string, ServedDevice> served, ExportSource export) =>
        new(served.Key, export.Source.ToString(), served.Value);

    private Listening ReadListening(ParseResult parsed)
    {
        var listening = new Listening
        {
            UnixSocket = parsed.GetValue(_unix),
            Port = parsed.GetValue(_port),
            Address = parsed.GetValue(_address),
            Single = parsed.GetValue(_single),
            Run = parsed.GetValue(_run),
            PidFile = parsed.GetValue(_pidFile),
            User = ServingUser.Find(parsed.GetValue(_user), parsed.GetValue(_group)),
            Admission = _admissionOptions.Read(parsed),
            MaximumConnections = parsed.GetValue(_maximumConnections),
            HandshakeTimeout = _patienceOptions.ReadHandshake(parsed),
            IdleTimeout = _patienceOptions.ReadIdle(parsed),
        };
        listening.Validate();
        return listening;
    }

    private IReadOnlyList<ExportSource> ReadExports(ParseResult parsed, IReadOnlyList<DeviceSource> sources)
    {
        if (parsed.GetValue(_readOnly) && parsed.GetValue(_writable))
            throw CommandException.Usage("--readonly and --writable exclude one another");

        var access = parsed.GetValue(_writable) ? FileAccess.ReadWrite : FileAccess.Read;
        var named = parsed.GetValue(_exports) ?? [];
        var name = parsed.GetValue(_exportName);
        switch (sources.Count, named.Length)
        {
            case (0, 0):
                throw CommandException.Usage("nothing to serve; name an object (s3://bucket/key), a URL or a file");
            case (1, 0):
                return [new ExportSource(name ?? "", sources[0], access)];
            case (_, 0):
                throw CommandException.Usage(
                    $"{sources.Count} sources were given ({string.Join(", ", sources)}); "
                    + "to serve several, name each one: --export NAME=SOURCE");
            case (0, _) when name is null:
                return [.. named.Select(text => ParseExport(text, access))];
            case (0, _):
                throw CommandException.Usage("--exportname names a single source; with --export, each source has its name already");
            default:
                throw CommandException.Usage(
                    $"--export and a plain source ({sources[0]}) exclude one another; name that source with --export too");
        }
    }

    private static ExportSource ParseExport(string text, FileAccess access)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals >= 0
            ? new ExportSource(text[..equals], DeviceSource.Parse(text[(equals + 1)..]), access)
            : throw CommandException.Usage($"--export takes NAME=SOURCE, such as --export iso=s3://bucket/a.iso, not '{text}'");
    }
}
