using System.Text.RegularExpressions;
using Becket.InteropTests.Mounting;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Serving;

/// <summary>
/// Becket changes no file outside its state and its cache, but for the sockets and files that it was told to make and what the kernel
/// calls devices. The runtime has none of its own either: no sockets for debuggers, no file of code.
/// </summary>
public sealed class ChangedFilesTests(RealStores stores, MountImages images) : MountTest(stores)
{
    private FileTrace Trace => field ??= new FileTrace(Folder["trace"]);

    [Fact]
    public async Task Serve_writes_to_its_cache_its_sockets_and_its_pid_file_alone()
    {
        Tool.Require("strace", "nbdcopy");
        var source = await Stores.GetDiskInAsync(Place.DevS3);
        var command = Trace.Over(BecketServer.CommandFor(
            source.With("--cache-dir", Folder["cache"], "--cache-size", "16M", "--status", Folder["status"], "--log-format", "json"),
            "-U", Folder["sock"], "-P", Folder["pid"]));
        await using (var server = command.Start())
        {
            await FileIsThereAsync(Folder["pid"], server);
            await new Command("nbdcopy", $"nbd+unix:///?socket={Folder["sock"]}", "null:").SucceedAsync(Token);
            var becket = (await File.ReadAllTextAsync(Folder["pid"], Token)).Trim();
            await new Command("kill", becket).SucceedAsync(Token);
            var outcome = await server.WaitForExitAsync(Token);
            Assert.True(outcome.ExitCode == 0, outcome.Errors);
        }

        AssertChanged(
            [$"{Folder["cache"]}/lock", Folder["sock"], Folder["status"], Folder["pid"]],
            $"^{Folder["cache"]}(/|$)",
            $"^{Folder["sock"]}$",
            $"^{Folder["status"]}$",
            $@"^{Folder["pid"]}(\.\d+)?$"); // written beside it and renamed
    }

    [Fact]
    public async Task Verify_writes_to_its_cache_alone()
    {
        Tool.Require("strace", "nbdcopy");
        var source = (await Stores.GetDiskInAsync(Place.DevS3)).With("--cache-dir", Folder["cache"]);
        await BecketServer.CommandFor(source, "--run", "nbdcopy \"$uri\" null:").SucceedAsync(Token);

        var verify = new Command(Repository.Becket, ["verify", "--repair", .. source.Arguments]) { Environment = source.OnlyEnvironment };
        await Trace.Over(verify).EndWithAsync(3, Token);

        AssertChanged([$"{Folder["cache"]}/lock"], $"^{Folder["cache"]}(/|$)");
    }

    [Fact]
    public async Task Mount_writes_to_its_state_its_cache_and_the_kernel_alone()
    {
        RequireMounts();
        Tool.Require("strace");
        var (image, folder) = (await images.GetAsync(ImageFormat.Ext4), NewMountPoint());
        var source = (await images.PutAsync(await Stores.GetDevS3Async(), ImageFormat.Ext4))
            .With(folder, "--via", "fuse", "--cache-dir", Folder["cache"]);
        await using (var mounting = Trace.Over(Becket.Command("mount", source)).Start())
        {
            await FileIsThereAsync($"{folder}/README", mounting);
            await AssertFilesAsync(image, folder);
            await UnmountAsync(folder);
            var outcome = await mounting.WaitForExitAsync(Token);
            Assert.True(outcome.ExitCode == 0, outcome.Errors);
        }

        AssertNothingIsLeft();
        AssertChanged(
            [$"{Becket.States}/1/state.json", $"{Folder["cache"]}/lock", folder],
            $"^{Becket.States}(/|$)",
            $"^{Folder["cache"]}(/|$)",
            $"^{folder}$", // mounted on
            @"^/dev/(fuse|loop-control|loop\d+|null)$",
            @"^/sys/block/loop\d+/queue/(read_ahead_kb|max_sectors_kb)$",
            @"^/sys/class/bdi/\d+:\d+/read_ahead_kb$",
            @"^/run/mount(/utab.*)?$"); // mount(8) and umount(8) keep their options there
    }

    /// <param name="expected">Some that must have been seen: a trace that shows nothing proves nothing.</param>
    /// <param name="allowed">Patterns, of which each changed path has one.</param>
    private void AssertChanged(string[] expected, params string[] allowed)
    {
        var changed = Trace.ChangedPaths();
        Assert.All(expected, path => Assert.Contains(path, changed));
        var elsewhere = changed.Where(path => !Array.Exists(allowed, pattern => Regex.IsMatch(path, pattern))).ToList();
        Assert.Empty(elsewhere);
    }
}
