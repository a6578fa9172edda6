using System.Text.Json;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>
/// Whole sessions with <c>becket mount</c> and <c>attach</c>, through FUSE and a loop device; nothing of them may be left.
/// </summary>
public abstract class MountTest : InteropTest, IAsyncDisposable
{
    protected MountTest(RealStores stores, TimeSpan? limit = null)
        : base(stores, limit) => Becket = new Attachments(Folder.Path);

    protected Attachments Becket { get; }

    protected static void RequireMounts()
    {
        Tool.RequireRoot();
        Tool.RequireFile("/dev/fuse");
        Tool.RequireFile("/dev/loop-control");
        Tool.Require("mount", "umount", "blkid", "partx");
    }

    public async ValueTask DisposeAsync()
    {
        await Becket.DisposeAsync();
        Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A new, empty folder.</summary>
    protected string NewMountPoint(string name = "mnt") => Directory.CreateDirectory(Folder[name]).FullName;

    protected Task<ProcessOutcome> MountAsync(Source source, string folder, params IEnumerable<string> words) =>
        Becket.Command("mount", source, [folder, "--via", "fuse", .. words]).SucceedAsync(Token);

    protected Task<ProcessOutcome> UnmountAsync(string folder) => Becket.Command("umount", folder).SucceedAsync(Token);

    protected void AssertNothingIsLeft() => Assert.Empty(Becket.Remains());

    /// <summary>Another process looks: one that waits in the kernel for a mount that hangs cannot be killed.</summary>
    protected async Task AssertFilesAsync(MountImage image, string folder)
    {
        var outcome = await Command.Shell(PrintChecksumsOf(folder)).SucceedAsync(Token);
        Assert.Equal(image.Checksums, outcome.Output);
    }

    /// <summary>A line of shell that prints what <see cref="MountImage.Checksums"/> of the image in a folder has to be.</summary>
    protected static string PrintChecksumsOf(string folder) =>
        $"cd '{folder}' && find . -path ./lost+found -prune -o -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum";

    /// <summary>Attaches and returns the device.</summary>
    protected async Task<string> AttachAsync(Source source, params IEnumerable<string> words)
    {
        var outcome = await Becket.Command("attach", source, ["--via", "fuse", .. words]).SucceedAsync(Token);
        return outcome.Output.Split('\n')[0];
    }

    /// <summary>A process that has a file open, until it is disposed.</summary>
    protected async Task<RunningProcess> HoldOpenAsync(string file)
    {
        var holder = Command.Shell($"exec 3<'{file}'; echo ready; exec sleep 600").Start();
        await holder.Output.WaitForLineAsync("ready", Token);
        return holder;
    }

    /// <summary>The processes of the only attachment: the one that serves and the one that watches over it.</summary>
    protected async Task<(int Server, int Supervisor)> ProcessesAsync()
    {
        JsonElement state = await Becket.ReadStateAsync(Token);
        return (state.GetProperty("process").GetInt32(), state.GetProperty("supervisor").GetInt32());
    }
}
