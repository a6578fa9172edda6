using System.CommandLine;
using System.Net.Sockets;
using Becket.Nbd;
using Becket.Serving;
using Becket.Sources;
using Becket.Volumes;
using Microsoft.Extensions.Logging;

namespace Becket.Commands;

/// <summary><c>becket info</c>: what a source is and holds, without serving it.</summary>
internal sealed class InfoCommand
{
    private readonly Argument<string[]> _words = new("source")
    {
        Description = "s3://bucket/key, https://host/file, a local file, nbd://host/export",
        Arity = ArgumentArity.OneOrMore,
        HelpName = "SOURCE",
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON, for scripts" };
    private readonly SourceOptions _sourceOptions = new();

    public Command Build()
    {
        var command = new Command("info", "Show size, ETag, version and content of a source")
        {
            Arguments = { _words },
            Options = { _json },
        };
        _sourceOptions.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var words = SourceWords.Parse(parsed.GetValue(_words)!);
        if (words.Sources is not [var source])
            throw CommandException.Usage("info takes one source: an object (s3://bucket/key), a URL, a file or an NBD address");

        using var loggers = StderrLog.CreateFactory(parsed.GetValue(VerboseOption.Instance) ? LogLevel.Debug : LogLevel.Warning);
        Log.WarnOfSecrets(loggers.CreateLogger<InfoCommand>(), words.Parameters);

        var settings = _sourceOptions.Read(parsed, words.Parameters);
        var report = source is DeviceSource.Nbd nbd
            ? await DescribeServerAsync(nbd.Uri, cancellationToken)
            : await DescribeSourceAsync(source, settings, loggers, cancellationToken);

        var output = parsed.InvocationConfiguration.Output;
        output.Write(parsed.GetValue(_json) ? report.ToJson() : report.ToText());
        return ExitCode.Success;
    }

    private static async Task<InfoReport> DescribeSourceAsync(
        DeviceSource source, StoreSettings settings, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        using var opener = new SourceOpener(settings, loggers);
        await using var device = await opener.OpenAsync(source, FileAccess.Read, cancellationToken);
        var pinned = (device as ObjectDevice)?.Object;
        return new InfoReport
        {
            Source = source.ToString(),
            Size = device.Info.Size,
            ETag = pinned?.ETag,
            VersionId = pinned?.VersionId,
            ContentType = pinned?.ContentType,
            LastModified = pinned?.LastModified,
            Content = await ContentSignature.RecogniseAsync(device, cancellationToken),
            Store = opener.DescribeStore(source),
        };
    }

    private static async Task<InfoReport> DescribeServerAsync(NbdUri uri, CancellationToken cancellationToken)
    {
        try
        {
            await using var client = await NbdClient.ConnectAsync(uri, cancellationToken);
            var start = new byte[Math.Min(ContentSignature.ProbeLength, client.Export.Size)];
            await client.ReadAsync(0, start, cancellationToken);
            return new InfoReport
            {
                Source = uri.ToString(),
                Size = client.Export.Size,
                Content = ContentSignature.Recognise(start),
                Store = "NBD server",
                Description = client.Export.Description is { Length: > 0 } words ? words : null,
                ReadOnly = client.Export.IsReadOnly,
                Exports = [.. (await ListAsync(uri, cancellationToken)).Select(export => export.Name)],
            };
        }
        catch (SocketException e)
        {
            throw new CommandException($"{uri}: nobody answers there ({e.Message}); does the server run?", inner: e);
        }
    }

    /// <summary>A server may keep its list to itself, and that is no reason to say nothing of the export at hand.</summary>
    private static async Task<IReadOnlyList<NbdListedExport>> ListAsync(NbdUri uri, CancellationToken cancellationToken)
    {
        try
        {
            return await NbdClient.ListAsync(uri, cancellationToken);
        }
        catch (NbdException)
        {
            return [];
        }
    }
}
