using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Serving;

/// <summary>How the process behaves around the serving: the manners that nbdkit's users know.</summary>
public sealed class ProcessMannersTests(RealStores stores) : InteropTest(stores)
{
    [Fact]
    public async Task Captive_command_sees_the_export_and_its_exit_status_is_beckets()
    {
        Tool.Require("nbdinfo");
        var source = await Stores.GetDiskInAsync(Place.DevS3);

        var seen = await BecketServer.CommandFor(source, "--run", "nbdinfo --size \"$uri\"; echo \"$nbd|$unixsocket|$exportname|$port\"")
            .SucceedAsync(Token);
        var failed = await BecketServer.CommandFor(source, "--run", "exit 7").EndWithAsync(7, Token);

        var lines = seen.Output.Split('\n');
        Assert.Equal((48 << 20).ToString(CultureInfo.InvariantCulture), lines[0]);
        var variables = lines[1].Split('|');
        Assert.Contains(variables[1], variables[0], StringComparison.Ordinal);
        Assert.False(File.Exists(variables[1]), "the captive socket is still there");
        Assert.Empty(failed.Errors);
    }

    [Fact]
    public async Task Pid_file_names_the_process_and_the_socket_is_the_owners_alone()
    {
        await using var becket = await ServeDiskAsync(Place.File);

        Assert.Equal(becket.Id.ToString(CultureInfo.InvariantCulture), (await File.ReadAllTextAsync(becket.PidFile, Token)).Trim());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(becket.Socket));
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Socket_that_nobody_listens_on_is_replaced()
    {
        Tool.Require("nbdinfo");
        using (var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            stale.Bind(new UnixDomainSocketEndPoint(Folder["stale"]));
            stale.Listen();
            // Moved away before the socket is disposed, because .NET deletes the file of a socket that it closes.
            File.Move(Folder["stale"], Folder["sock"]);
        }
        Assert.True(File.Exists(Folder["sock"]));
        await using var becket = await BecketServer.StartAsync(await Stores.GetDiskInAsync(Place.File), Token, Folder["sock"]);

        await new Command("nbdinfo", "--size", becket.Uri).SucceedAsync(Token);

        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Socket_of_a_live_server_is_left_to_it()
    {
        Tool.Require("nbdinfo");
        await using var first = await ServeDiskAsync(Place.File);

        var second = await BecketServer.CommandFor(await Stores.GetDiskInAsync(Place.File), "-U", first.Socket).EndWithAsync(1, Token);

        Assert.Contains(first.Socket, second.Errors, StringComparison.Ordinal);
        await new Command("nbdinfo", "--size", first.Uri).SucceedAsync(Token);
        await first.StopAsync(Token);
    }

    [Theory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGINT)]
    public async Task Signal_lets_the_read_in_flight_finish_and_then_ends_it(PosixSignal signal)
    {
        Tool.Require("nbdcopy");
        var image = new byte[256 << 10];
        new Random(4).NextBytes(image);
        await File.WriteAllBytesAsync(Folder["image"], image, Token);
        await using var web = await HttpImageServer.StartAsync(image, HttpManners.Ordinary, Token);
        await using var becket = await BecketServer.StartAsync(new Source([web.Url.ToString()], []), Token);
        web.Hold();
        // One request for the whole image: it is in flight when the signal comes, and no other follows it.
        await using var copy = new Command(
            "nbdcopy", "--synchronous", "--request-size=262144", becket.Uri, Folder["copy"]).Start();
        await web.Held.WaitAsync(Token);

        becket.Signal(signal);
        await SocketRefusesAsync(becket.Socket);
        web.Release();

        Assert.Equal(0, (await copy.WaitForExitAsync(Token)).ExitCode);
        await becket.EndAsync(Token);
        await AssertSameBytesAsync(Folder["image"], Folder["copy"]);
    }

    [Fact]
    public async Task Tcp_port_is_served_on_loopback_alone()
    {
        Tool.Require("nbdinfo");
        var port = FreePort();
        await using var becket = BecketServer.CommandFor(
            await Stores.GetDiskInAsync(Place.File), "-p", $"{port}", "-P", Folder["pid"]).Start();
        await FileIsThereAsync(Folder["pid"], madeBy: becket);

        var size = await new Command("nbdinfo", "--size", $"nbd://127.0.0.1:{port}").SucceedAsync(Token);

        Assert.Equal($"{48 << 20}\n", size.Output);
        // The kernel's own list of sockets: the address in the byte order of the machine, the port, 0A for a listener.
        var listeners = (await File.ReadAllLinesAsync("/proc/net/tcp", Token))
            .Where(line => line.Contains($":{port:X4} 00000000:0000 0A", StringComparison.Ordinal));
        Assert.Contains("0100007F:", Assert.Single(listeners), StringComparison.Ordinal);
        becket.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, (await becket.WaitForExitAsync(Token)).ExitCode);
    }

    [Fact]
    public async Task Service_manager_is_told_when_it_is_ready()
    {
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(Folder["notify"]));
        var serve = BecketServer.CommandFor(await Stores.GetDiskInAsync(Place.File), "-U", Folder["sock"]);
        await using var becket = (serve with { Environment = [.. serve.Environment, ("NOTIFY_SOCKET", Folder["notify"])] }).Start();

        var message = new byte[4096];
        var length = await manager.ReceiveAsync(message, Token);

        Assert.Contains("READY=1", Encoding.UTF8.GetString(message, 0, length), StringComparison.Ordinal);
        Assert.True(File.Exists(Folder["sock"]));
    }

    [Fact]
    public async Task Export_name_is_the_one_that_was_given()
    {
        Tool.Require("nbdinfo");
        await using var becket = await BecketServer.StartAsync(
            (await Stores.GetDiskInAsync(Place.File)).With("-e", "iso", "-r", "-f", "-v"), Token);

        await new Command("nbdinfo", "--size", becket.UriOf("iso")).SucceedAsync(Token);
        var other = await new Command("nbdinfo", "--size", becket.UriOf("other")).RunAsync(Token);

        Assert.NotEqual(0, other.ExitCode);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Client_that_sends_garbage_or_leaves_disturbs_nobody()
    {
        Tool.Require("nbdcopy");
        await using var becket = await ServeDiskAsync(Place.DevS3);
        using var silent = await ConnectAsync(becket.Socket);
        using (var rude = await ConnectAsync(becket.Socket))
            await rude.SendAsync(Encoding.ASCII.GetBytes(new string('x', 5000)), Token);
        // A request without the patience for its reply.
        await Command.Shell($"timeout -s KILL 0.2 nbdcopy '{becket.Uri}' null:; true").SucceedAsync(Token);

        await new Command("nbdcopy", becket.Uri, Folder["copy.img"]).SucceedAsync(Token);

        await AssertSameBytesAsync(await Stores.GetDiskAsync(), Folder["copy.img"]);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Secrets_in_the_arguments_work_with_one_line_of_warning()
    {
        Tool.Require("nbdinfo");
        await Stores.GetDiskInAsync(Place.DevS3);
        var endpoint = (await Stores.GetDevS3Async()).Endpoint;
        var source = new Source(
            [
                "-f", $"access_key={endpoint.AccessKey}", $"secret_key={endpoint.SecretKey}",
                $"bucket={RealStores.Bucket}", $"key={RealStores.DiskKey}", $"endpoint_url={endpoint.Url.OriginalString}",
            ],
            []);
        await using var becket = await BecketServer.StartAsync(source, Token);

        var size = await new Command("nbdinfo", "--size", becket.Uri).SucceedAsync(Token);

        Assert.Equal($"{48 << 20}\n", size.Output);
        await becket.Errors.WaitForWordsAsync("warning", Token);
        var warning = Assert.Single(becket.Errors.ToString().Split('\n'), line => line.Contains("warning", StringComparison.Ordinal));
        Assert.Contains("command line", warning, StringComparison.Ordinal);
        Assert.DoesNotContain(endpoint.SecretKey, becket.Errors.ToString(), StringComparison.Ordinal);
        await becket.StopAsync(Token);
    }

    private async Task<Socket> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Token);
        return socket;
    }

    private async Task SocketRefusesAsync(string path)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            try
            {
                using var socket = await ConnectAsync(path);
            }
            catch (SocketException)
            {
                return;
            }
            await retry.WaitForNextTickAsync(Token);
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
