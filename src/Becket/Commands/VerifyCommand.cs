using System.CommandLine;
using System.CommandLine.Parsing;
using Becket.Blocks.Caching.Disk;
using Becket.Serving;
using Becket.Sources;
using Becket.Verifying;
using Becket.Volumes;
using Microsoft.Extensions.Logging;

namespace Becket.Commands;

/// <summary>
/// <c>becket verify</c>: whether all bytes of a source are those that were put, and those in the cache are those of the source.
/// </summary>
internal sealed class VerifyCommand
{
    /// <summary>With ranges of 4 MiB: enough for any store within a region, and 32 MiB of memory.</summary>
    private const int DefaultConnections = 8;

    /// <summary>Nobody waits for a single range, so a slow line is no failure.</summary>
    private static readonly TimeSpan ReadDeadline = TimeSpan.FromMinutes(10);

    private readonly Argument<string[]> _words = new("source")
    {
        Description = "s3://bucket/key, https://host/file, a local file",
        Arity = ArgumentArity.OneOrMore,
        HelpName = "SOURCE",
    };
    private readonly Option<byte[]?> _sha256 = new("--sha256")
    {
        Description = "The SHA-256 that all of it should have",
        HelpName = "HEX",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = ParseSha256,
    };
    private readonly Option<long?> _partSize = new("--part-size")
    {
        Description = "The part size of the upload, where the store does not tell it",
        HelpName = "SIZE",
        CustomParser = static result => OptionValues.ParseSize(result, "5M, 64M"),
    };
    private readonly Option<string> _cacheFolder = new("--cache-dir")
    {
        Description = "Compare what is cached in this folder, too",
        HelpName = "DIR",
    };
    private readonly Option<bool> _repair = new("--repair")
    {
        Description = "Drop what is bad in --cache-dir; it is fetched again when it is read",
    };
    private readonly Option<int> _connections = new("--connections")
    {
        Description = "Requests to the store at a time",
        HelpName = "N",
        DefaultValueFactory = _ => DefaultConnections,
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, for scripts" };
    private readonly SourceOptions _sourceOptions = new();

    public Command Build()
    {
        var command = new Command("verify", "Read all of a source and compare it with its checksums") { Arguments = { _words } };
        foreach (var option in (Option[])[_sha256, _partSize, _cacheFolder, _repair, _connections, _json])
            command.Options.Add(option);
        _sourceOptions.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var words = SourceWords.Parse(parsed.GetValue(_words)!);
        if (words.Sources is not [var source])
            throw CommandException.Usage("verify takes one source: an object (s3://bucket/key), a URL or a file");
        OptionValues.CheckConnections(parsed.GetValue(_connections));
        if (parsed.GetValue(_partSize) is <= 0)
            throw CommandException.Usage("--part-size must be more than nothing");
        var folder = parsed.GetValue(_cacheFolder);
        if (folder is null && parsed.GetValue(_repair))
            throw CommandException.Usage("--repair drops bad blocks of the folder of --cache-dir, which was not given");
        if (folder is not null && !Directory.Exists(folder))
            throw new CommandException($"--cache-dir: there is no folder {folder}");

        using var loggers = StderrLog.CreateFactory(parsed.GetValue(VerboseOption.Instance) ? LogLevel.Debug : LogLevel.Warning);
        Log.WarnOfSecrets(loggers.CreateLogger<VerifyCommand>(), words.Parameters);

        using var opener = new SourceOpener(_sourceOptions.Read(parsed, words.Parameters), loggers) { ReadDeadline = ReadDeadline };
        await using var device = await opener.OpenAsync(source, FileAccess.Read, cancellationToken);
        // Without a limit: this is no place to evict.
        using var cache = folder is null
            ? null
            : DiskCache.Open(Path.GetFullPath(folder), long.MaxValue, loggers.CreateLogger<DiskCache>());
        var identity = device is ObjectDevice remote ? SourceCache.Identify(remote, opener.PlaceOf(source)) : null;
        if (cache is not null && identity is null)
            throw new CommandException($"{source} is not cached in folders: only objects with a strong ETag are");
        using var cached = cache is not null && cache.Holds(identity!) ? cache.OpenObject(identity!, device.Info.Size) : null;

        var plan = new VerifyPlan
        {
            Sha256 = parsed.GetValue(_sha256) is { Length: > 0 } pinned ? pinned : null, // an array that was not given is empty
            PartSize = parsed.GetValue(_partSize),
            RepairCache = parsed.GetValue(_repair),
            Connections = parsed.GetValue(_connections),
        };
        VerifyReport report;
        using (var progress = new VerifyProgress(Console.Error, StyleFor(parsed), device.Info.Size, TimeProvider.System))
        {
            var comparison = cached is null ? null : new CacheComparison(cached);
            var verification = new Verification(device, plan, progress, TimeProvider.System);
            report = await verification.RunAsync(source.ToString(), comparison, cancellationToken);
        }
        if (cache is not null && report.Cache is null)
        {
            report = report with
            {
                Cache = new VerifiedCache { Folder = Path.GetFullPath(folder!), Blocks = 0, Damaged = 0, Different = 0, Dropped = 0 },
            };
        }

        parsed.InvocationConfiguration.Output.Write(parsed.GetValue(_json) ? report.ToJson() : report.ToText());
        return await ConcludeAsync(report);
    }

    private ProgressStyle StyleFor(ParseResult parsed) => !Console.IsErrorRedirected ? ProgressStyle.Terminal
        : parsed.GetValue(_json) ? ProgressStyle.None
        : ProgressStyle.Lines;

    /// <summary>One sentence for what is not as it should be, and the exit status that goes with it.</summary>
    private static async Task<int> ConcludeAsync(VerifyReport report)
    {
        if (report.Result == VerifyResult.Damaged)
        {
            var bad = report.Checksums.First(static checksum => checksum.Outcome == "mismatch");
            throw new CommandException(
                $"{report.Source} is not what it should be: its {bad.Algorithm} is {bad.Computed}, and {bad.Origin} says {bad.Expected}; "
                + "upload it again, or compare with where it came from");
        }
        if (report.Cache is { Left: > 0 } cache)
            throw new CommandException($"{cache.Left} cached blocks in {cache.Folder} are bad; --repair drops them");
        if (report.Result == VerifyResult.Verified)
            return ExitCode.Success;
        await Console.Error.WriteLineAsync(
            $"becket: {report.Source} was read to its end, and there is no checksum to compare it with; "
            + $"--sha256 {report.Sha256} pins it from now on");
        return ExitCode.Unverifiable;
    }

    private static byte[]? ParseSha256(ArgumentResult result)
    {
        var text = OptionValues.TextOf(result);
        if (text.Length == 64 && text.All(char.IsAsciiHexDigit))
            return Convert.FromHexString(text);
        result.AddError($"'{text}' is not a SHA-256: 64 hexadecimal digits, as sha256sum prints them");
        return null;
    }
}
