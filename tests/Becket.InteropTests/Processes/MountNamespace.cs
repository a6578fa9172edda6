using System.Globalization;
using Becket.InteropTests.Processes;

[assembly: AssemblyFixture(typeof(MountNamespace))]

namespace Becket.InteropTests.Processes;

/// <summary>
/// Starts programs in mount namespaces of their own, in which they see other files of the system than everybody else. For root these are
/// copies of one that was made before any test: a copy of what another test has mounted would keep its device busy.
/// </summary>
public sealed class MountNamespace : IAsyncLifetime
{
    private static readonly string[] Unshare = Environment.IsPrivilegedProcess
        ? ["unshare", "--mount", "--propagation", "private"]
        : ["unshare", "--mount", "--map-root-user"];

    private RunningProcess? _keeper;

    /// <summary>What makes a namespace; the program's words follow.</summary>
    public IReadOnlyList<string> Prefix => _keeper is null
        ? Unshare
        : ["nsenter", string.Create(CultureInfo.InvariantCulture, $"--mount=/proc/{_keeper.Id}/ns/mnt"), .. Unshare];

    public async ValueTask InitializeAsync()
    {
        if (!Environment.IsPrivilegedProcess || !await CanBeMadeAsync(CancellationToken.None))
            return;
        // It ends with the tests, however they end.
        var keep = string.Create(CultureInfo.InvariantCulture, $"echo ready; exec tail --pid={Environment.ProcessId} -f /dev/null");
        _keeper = new Command(Unshare[0], [.. Unshare[1..], "sh", "-c", keep]).Start();
        await _keeper.Output.WaitForLineAsync("ready", CancellationToken.None);
    }

    /// <summary>Skips a test where none can be made.</summary>
    public async Task RequireAsync(CancellationToken cancellationToken) =>
        Tool.Need(await CanBeMadeAsync(cancellationToken), "this user may not make a mount namespace with unshare and nsenter");

    public async ValueTask DisposeAsync()
    {
        if (_keeper is not null)
            await _keeper.DisposeAsync();
    }

    private async Task<bool> CanBeMadeAsync(CancellationToken cancellationToken) =>
        Tool.Has("unshare", "nsenter")
        && (await new Command(Prefix[0], [.. Prefix.Skip(1), "true"]).RunAsync(cancellationToken)).ExitCode == 0;
}
