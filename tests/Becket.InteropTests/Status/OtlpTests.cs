using System.Net;
using System.Net.Sockets;
using System.Text;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Status;

public class OtlpTests(RealStores stores) : StatusTest(stores)
{
    [Theory]
    [InlineData("")]
    [InlineData("--status 0")]
    public async Task Metrics_go_to_the_collector_that_the_environment_names(string options)
    {
        Tool.Require("nbdcopy");
        var port = FreePort();
        using var collector = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
        collector.Start();
        var source = (await Stores.GetDiskInAsync(Place.DevS3)).With(options.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        source = source with
        {
            Environment =
            [
                .. source.Environment,
                ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
                ("OTEL_SERVICE_NAME", "my-disk"),
            ],
        };
        await using var server = await BecketServer.StartAsync(source, Token);
        await CopyAll(server).SucceedAsync(Token);

        string[] wanted =
        [
            "becket.device.io", "becket.cache.reads", "becket.store.requests", "becket.nbd.connections",
            "process.memory.usage", "my-disk",
        ];
        while (true)
        {
            var context = await collector.GetContextAsync().WaitAsync(Token);
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body, Token);
            Assert.Equal("/v1/metrics", context.Request.Url!.AbsolutePath);
            Assert.Equal("application/x-protobuf", context.Request.ContentType);
            context.Response.Close();
            // Names stand in it as they are; each instrument once.
            var text = Encoding.Latin1.GetString(body.ToArray());
            Assert.True(Count(text, "becket.cache.memory.usage") <= 1);
            if (wanted.All(name => text.Contains(name, StringComparison.Ordinal)))
                break;
        }
        _ = AnswerRestAsync(collector);
        await server.StopAsync(Token);
    }

    /// <summary>What is sent at the end wants an answer, too.</summary>
    private static async Task AnswerRestAsync(HttpListener collector)
    {
        try
        {
            while (true)
                (await collector.GetContextAsync()).Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static int Count(string text, string name) => text.Split(name).Length - 1;

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
