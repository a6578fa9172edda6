using System.Globalization;
using System.Runtime.InteropServices;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Serving;

/// <summary>A server that root started and that is root no more: <c>--user</c>, in every thread.</summary>
public sealed class ServingUserTests(RealStores stores) : InteropTest(stores)
{
    [Theory]
    [InlineData("--user", "nobody:daemon")]
    [InlineData("-u", "65534:1")]
    public async Task Every_thread_is_the_users_and_the_image_is_served(string option, string user)
    {
        Tool.RequireRoot();
        Tool.Require("nbdcopy");
        var image = NewDisk(8 << 20);
        File.SetUnixFileMode(image, UnixFileMode.UserRead); // root's alone: it was opened in time
        await using var server = BecketServer.CommandFor(
            Source.File(image), option, user, "-U", Folder["sock"], "-P", Folder["pid"]).Start();
        await server.Errors.WaitForLineAsync("becket: serving", Token);

        await new Command("nbdcopy", $"nbd+unix:///?socket={Folder["sock"]}", Folder["copy"]).SucceedAsync(Token);

        await AssertSameBytesAsync(image, Folder["copy"]);
        var threads = Directory.GetDirectories($"/proc/{server.Id}/task");
        Assert.NotEmpty(threads);
        foreach (var thread in threads)
        {
            var status = await File.ReadAllLinesAsync(Path.Combine(thread, "status"), Token);
            Assert.Equal("65534 65534 65534 65534", Value(status, "Uid:"));
            Assert.Equal("1 1 1 1", Value(status, "Gid:"));
            Assert.DoesNotContain("0", Value(status, "Groups:").Split(' '));
            Assert.Equal("0000000000000000", Value(status, "CapEff:"));
            Assert.Equal("0000000000000000", Value(status, "CapPrm:"));
        }

        // The folder is root's, so both stay, and that is no failure.
        server.Signal(PosixSignal.SIGTERM);
        var outcome = await server.WaitForExitAsync(Token);
        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.Contains($"{Folder["sock"]} stays", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Socket_and_pid_file_are_removed_where_the_folder_lets_their_owner()
    {
        Tool.RequireRoot();
        // As /tmp is: everybody makes files, and only their owner removes them.
        Directory.CreateDirectory(Folder["sticky"]);
        await new Command("chmod", "1777", Folder["sticky"]).SucceedAsync(Token);
        await new Command("chmod", "711", Folder.Path).SucceedAsync(Token);
        var (socket, pid) = (Path.Combine(Folder["sticky"], "sock"), Path.Combine(Folder["sticky"], "pid"));
        await using var server = BecketServer.CommandFor(
            Source.File(NewDisk(1 << 20)), "--user", "nobody", "-U", socket, "-P", pid).Start();
        await server.Errors.WaitForLineAsync("becket: serving", Token);
        Assert.Equal(server.Id.ToString(CultureInfo.InvariantCulture), (await File.ReadAllTextAsync(pid, Token)).Trim());

        server.Signal(PosixSignal.SIGTERM);

        var outcome = await server.WaitForExitAsync(Token);
        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.Empty(Directory.GetFiles(Folder["sticky"]));
    }

    [Fact]
    public async Task Captive_command_is_the_users_too()
    {
        Tool.RequireRoot();
        var outcome = await BecketServer.CommandFor(
            Source.File(NewDisk(1 << 20)), "--user", "nobody",
            "--run", "id -u; test -S \"$unixsocket\" && echo there; echo \"$unixsocket\"").SucceedAsync(Token);

        var lines = outcome.Output.Split('\n');
        Assert.Equal(("65534", "there"), (lines[0], lines[1]));
        Assert.False(Directory.Exists(Path.GetDirectoryName(lines[2])), outcome.Errors);
    }

    [Theory]
    [InlineData(1, "--user", "no-such-user")]
    [InlineData(1, "--group", "no-such-group")]
    [InlineData(2, "--user", "nobody:daemon", "--group", "daemon")]
    [InlineData(2, "--user", "nobody", "--cache-dir", "/nonexistent")]
    public async Task Wrong_users_are_refused(int exitCode, params string[] words)
    {
        Tool.RequireRoot();
        await BecketServer.CommandFor(Source.File(NewDisk(1 << 20)), [.. words, "--run", "true"]).EndWithAsync(exitCode, Token);
    }

    [Fact]
    public async Task No_core_is_dumped()
    {
        var outcome = await BecketServer.CommandFor(Source.File(NewDisk(1 << 20)), "--run", "grep core /proc/$PPID/limits")
            .SucceedAsync(Token);

        Assert.Matches(@"^Max core file size +0 ", outcome.Output);
    }

    private static string Value(string[] status, string name)
    {
        var found = status.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return string.Join(' ', found[name.Length..].Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries));
    }
}
