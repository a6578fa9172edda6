using System.CommandLine;
using Becket.DevS3;

namespace Becket.Commands;

/// <summary><c>becket dev-s3</c>: the small S3 endpoint over a folder, until it is told to stop.</summary>
internal sealed class DevS3Command
{
    private readonly Argument<string> _folder = new("folder")
    {
        Description = "Its folders are the buckets, their files the objects",
        HelpName = "FOLDER",
    };
    private readonly Option<int> _port = new("--port", "-p")
    {
        Description = "Port on 127.0.0.1 (default: any free one)",
        HelpName = "PORT",
    };
    private readonly Option<string> _accessKey = new("--access-key") { Description = "Access key (default: made up)", HelpName = "KEY" };
    private readonly Option<string> _secretKey = new("--secret-key") { Description = "Secret key (default: made up)", HelpName = "KEY" };

    private readonly Option<string> _faults = new("--faults")
    {
        Description = "What goes wrong, for tests: latency=25ms,slowdown=0.1,...",
        HelpName = "RULES",
    };

    public Command Build()
    {
        var command = new Command("dev-s3", "Serve a folder as an S3 endpoint on this machine; for demos and tests, not for production")
        {
            Arguments = { _folder },
            Options = { _port, _accessKey, _secretKey, _faults },
        };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken stopping)
    {
        var options = new DevS3Options
        {
            Folder = parsed.GetValue(_folder)!,
            Port = parsed.GetValue(_port),
            AccessKey = parsed.GetValue(_accessKey),
            SecretKey = parsed.GetValue(_secretKey),
            Faults = ReadFaults(parsed.GetValue(_faults)),
        };
        await using var server = await DevS3Server.StartAsync(options, stopping);

        var output = parsed.InvocationConfiguration.Output;
        await output.WriteLineAsync(server.Endpoint.ToString().TrimEnd('/'));
        await output.WriteLineAsync($"access-key: {server.AccessKey}");
        await output.WriteLineAsync($"secret-key: {server.SecretKey}");
        await output.FlushAsync(CancellationToken.None);
        await Console.Error.WriteLineAsync(
            "becket: this S3 endpoint is for demos and tests on this machine; do not keep data in it that you would miss");

        await Task.Delay(Timeout.Infinite, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Success;
    }

    private static DevS3Faults? ReadFaults(string? text)
    {
        try
        {
            return text is null ? null : DevS3Faults.Parse(text);
        }
        catch (FormatException e)
        {
            throw CommandException.Usage($"--faults: {e.Message}");
        }
    }
}
