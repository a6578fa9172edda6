using System.Runtime.InteropServices;
using Becket.InteropTests.Processes;

namespace Becket.InteropTests.Stores;

/// <summary>
/// A running <c>becket dev-s3</c> over a folder of its own, whose folders are the buckets.
/// </summary>
public sealed class DevS3 : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly RunningProcess _process;

    private DevS3(TemporaryFolder folder, RunningProcess process, S3Endpoint endpoint)
    {
        _folder = folder;
        _process = process;
        Endpoint = endpoint;
    }

    public S3Endpoint Endpoint { get; }

    /// <summary>Starts it, with more options if need be.</summary>
    public static async Task<DevS3> StartAsync(CancellationToken cancellationToken, params IEnumerable<string> options)
    {
        var folder = new TemporaryFolder();
        var process = new Command(Repository.Becket, ["dev-s3", folder.Path, .. options]).Start();
        try
        {
            // The last of the three lines that matter.
            await process.Output.WaitForLineAsync("secret-key: ", cancellationToken);
            return new DevS3(folder, process, S3Endpoint.Parse(process.Output.ToString()));
        }
        catch
        {
            await process.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The path of an object's file; its bucket is made when it is not there.</summary>
    public string PathOf(string bucket, string key)
    {
        Directory.CreateDirectory(_folder[bucket]);
        return Path.Combine(_folder[bucket], key);
    }

    /// <summary>Holds it where it is (SIGSTOP): whoever asks it is connected, and waits.</summary>
    public void Hold() => _process.Signal((PosixSignal)19);

    /// <summary>Lets it go on (SIGCONT).</summary>
    public void LetGo() => _process.Signal((PosixSignal)18);

    /// <summary>Ends it as Ctrl-C does.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _process.Signal(PosixSignal.SIGINT);
        var outcome = await _process.WaitForExitAsync(cancellationToken);
        Assert.True(outcome.ExitCode == 0, $"dev-s3 ended with {outcome.ExitCode}:\n{outcome.Output}{outcome.Errors}");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
