using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Serving;

/// <summary>Standard error as systemd gives it to a service: a socket that the environment names.</summary>
public sealed class JournalTests(RealStores stores) : InteropTest(stores)
{
    /// <summary>Runs a program with such a socket, whose inode is so far from the one that is named, and prints what came.</summary>
    private const string Service =
        """
        import os, socket, subprocess, sys
        ours, theirs = socket.socketpair()
        stream = os.fstat(theirs.fileno())
        os.environ["JOURNAL_STREAM"] = f"{stream.st_dev}:{stream.st_ino + int(sys.argv[1])}"
        process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=theirs)
        theirs.close()
        print(ours.makefile().read(), end="")
        process.wait()
        """;

    [Fact]
    public async Task Lines_in_the_journal_begin_with_their_priority()
    {
        var disk = await Stores.GetDiskAsync();

        Assert.Matches(@"^<3>becket: .*none\.img[^\n]*\n$", await RunAsync(0, "info", Folder["none.img"]));
        Assert.Matches("^<3>becket: .*--frobnicate[^\n]*\n$", await RunAsync(0, "serve", "--frobnicate"));
        Assert.Matches(@"^<3>becket: .*/none[^\n]*\n$", await RunAsync(0, "umount", Folder["none"]));
        var log = await RunAsync(0, "serve", disk, "--status", "0.0.0.0:0", "--run", "true");
        Assert.Matches("(?m)^<6>becket: status at http", log);
        Assert.Matches("(?m)^<4>becket: warning: whoever can reach ", log);
        Assert.Matches("(?m)^<7>becket: debug: ", await RunAsync(0, "serve", disk, "--verbose", "--run", "nbdinfo \"$uri\""));
        Assert.All(
            (await RunAsync(0, "serve", disk, "--log-format", "json", "--run", "true")).TrimEnd('\n').Split('\n'),
            static line => Assert.Matches("^<6>{.*}$", line));
    }

    [Fact]
    public async Task Elsewhere_there_are_no_priorities_whatever_the_environment_says() =>
        Assert.Matches(@"^becket: .*none\.img[^\n]*\n$", await RunAsync(1, "info", Folder["none.img"]));

    private async Task<string> RunAsync(int apart, params IEnumerable<string> words)
    {
        Tool.Require("python3", "nbdinfo");
        var outcome = await new Command("python3", ["-c", Service, $"{apart}", Repository.Becket, .. words]).SucceedAsync(Token);
        return outcome.Output;
    }
}
