using System.Net;
using System.Net.Sockets;
using Becket.Nbd;
using Microsoft.Extensions.Logging;

namespace Becket.Tests.Nbd;

public class NbdServerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Several_listeners_serve_the_same_exports_and_the_log_names_each_client()
    {
        var path = Path.Combine(Path.GetTempPath(), $"becket-{Guid.NewGuid():N}.sock");
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        tcp.Listen();
        using var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        unix.Bind(new UnixDomainSocketEndPoint(path));
        unix.Listen();
        using var log = new CapturedLog();
        using var stopping = new CancellationTokenSource();
        await using var server = new NbdServer(new TestCatalog { ["x"] = new ArrayDevice([1, 2, 3]) }, new NbdServerOptions(), log);
        var serving = server.ServeAsync([tcp, unix], stopping.Token);

        await using var first = await NbdClient.ConnectAsync(NbdUri.Tcp("127.0.0.1", ((IPEndPoint)tcp.LocalEndPoint!).Port, "x"), Token);
        await using var second = await NbdClient.ConnectAsync(NbdUri.Unix(path, "x"), Token);
        var buffers = new[] { new byte[3], new byte[3] };
        await first.ReadAsync(0, buffers[0], Token);
        await second.ReadAsync(0, buffers[1], Token);

        Assert.All(buffers, buffer => Assert.Equal([1, 2, 3], buffer));
        await log.WaitForAsync("127.0.0.1:");
        await log.WaitForAsync($"pid {Environment.ProcessId}: uses export \"x\"");
        await stopping.CancelAsync();
        await serving;
        File.Delete(path);
    }

    [Fact]
    public async Task Each_request_is_a_line_of_the_debug_log()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[1000]));
        server.Log.Level = LogLevel.Debug;
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Read, 512, 100, cookie: 77);

        await server.Log.WaitForAsync("Read offset 512 length 100 flags None cookie 77");
    }

    [Fact]
    public async Task Disposing_the_server_ends_its_connections_and_the_task_that_serves()
    {
        await using var server = new RunningServer(new ArrayDevice(new byte[1000]));
        using var client = server.Connect().EnterSimple();

        await server.DisposeServerAsync();

        Assert.True(client.IsClosed());
        await server.Serving;
    }
}
