using System.Runtime.InteropServices;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Processes;

/// <summary>
/// A running <c>becket serve</c> with a unix socket and a pid file. A test ends with <see cref="StopAsync"/>, which asserts the good
/// end; disposal alone kills.
/// </summary>
public sealed class BecketServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunningProcess _process;

    private BecketServer(Source source, string? socket)
    {
        Socket = socket ?? _folder["sock"];
        _process = CommandFor(source, "-U", Socket, "-P", PidFile).Start();
    }

    public string Socket { get; }

    public string PidFile => _folder["pid"];

    public int Id => _process.Id;

    /// <summary>The address of the default export.</summary>
    public string Uri => UriOf("");

    public ProcessText Errors => _process.Errors;

    /// <summary>The address of an export, as the NBD URI specification writes it.</summary>
    public string UriOf(string export) => $"nbd+unix:///{export}?socket={Socket}";

    /// <summary>The command that serves this, for tests that start it otherwise.</summary>
    public static Command CommandFor(Source source, params IEnumerable<string> options)
    {
        string[] words = [.. source.Prefix, Repository.Becket, "serve", .. options, .. source.Arguments];
        return new Command(words[0], words[1..]) { Environment = source.OnlyEnvironment };
    }

    /// <summary>Starts it, on a socket of its own unless one is named, and returns when it is ready for clients.</summary>
    public static async Task<BecketServer> StartAsync(Source source, CancellationToken cancellationToken, string? socket = null)
    {
        var server = new BecketServer(source, socket);
        try
        {
            await server.WaitUntilReadyAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks it to end.</summary>
    public void Signal(PosixSignal signal) => _process.Signal(signal);

    /// <summary>Ends it with SIGTERM; see <see cref="EndAsync"/>.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Signal(PosixSignal.SIGTERM);
        return EndAsync(cancellationToken);
    }

    /// <summary>Waits for the good end: exit status 0, and neither socket nor pid file left behind.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        var outcome = await _process.WaitForExitAsync(cancellationToken);
        Assert.True(outcome.ExitCode == 0, $"becket ended with {outcome.ExitCode}:\n{outcome.Errors}");
        Assert.False(File.Exists(Socket), "the socket is still there");
        Assert.False(File.Exists(PidFile), "the pid file is still there");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    // The pid file is written when the sockets listen.
    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!File.Exists(PidFile))
        {
            Assert.False(_process.HasExited, $"becket ended before it was ready:\n{Errors}");
            await retry.WaitForNextTickAsync(cancellationToken);
        }
    }
}
