using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Sources;
using Becket.Status;
using Becket.Tests.Blocks.Caching;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Program.Status;

/// <summary>
/// The server over devices in this process. Others count in the same process, so figures are compared at their own device's name.
/// </summary>
public sealed class StatusServerTests : IAsyncDisposable
{
    private const int Size = 4 << 20;

    private readonly BlockCache _cache = new(BlockCache.MinimumMemory, disk: null);
    private readonly RangedSource _source = new(new byte[Size]);
    private readonly StatusBoard _board = new();
    private readonly string _name = Guid.NewGuid().ToString("N");
    private readonly SourceOpener _opener = new(new StoreSettings(), NullLoggerFactory.Instance);
    private readonly SourceCache _noCache = new(new CachePlan(), NullLoggerFactory.Instance);
    private readonly HttpClient _http = new();
    private ServedDevice? _device;
    private StatusServer? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        if (_device is not null)
            await _device.Device.DisposeAsync();
        _cache.Dispose();
        _noCache.Dispose();
        _opener.Dispose();
    }

    [Fact]
    public async Task It_lives_at_once_and_is_ready_when_what_is_open_is_served()
    {
        await StartAsync("127.0.0.1:0");
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await GetAsync("healthz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync("readyz")).Status);
        _board.Phase = ServingPhase.Serving;
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await GetAsync("readyz"));
        _board.Phase = ServingPhase.Stopping;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "stopping\n"), await GetAsync("readyz"));
    }

    [Fact]
    public async Task Reads_are_counted_in_metrics_and_status_alike()
    {
        await StartAsync("0");
        var buffer = new byte[4096];
        await _device!.Device.ReadAsync(0, buffer, Token);
        Assert.True(_device.Device.TryRead(0, buffer));

        var metrics = PrometheusParser.Parse((await GetAsync("metrics")).Text).Samples;
        var ofReads = $"{{becket_device_name=\"{_name}\",becket_device_operation=\"read\"}}";
        Assert.Equal(8192, metrics[$"becket_device_io_bytes_total{ofReads}"]);
        Assert.Equal(2, metrics[$"becket_device_operation_duration_seconds_count{ofReads}"]);
        Assert.Equal(1, metrics[$"becket_cache_reads_total{{becket_device_name=\"{_name}\",becket_cache_result=\"wait\"}}"]);
        Assert.Equal(1, metrics[$"becket_cache_reads_total{{becket_device_name=\"{_name}\",becket_cache_result=\"hit\"}}"]);
        Assert.Equal(Size, metrics[$"becket_device_size_bytes{{becket_device_name=\"{_name}\",becket_device_source=\"s3://b/k\"}}"]);

        var export = JsonDocument.Parse((await GetAsync("api/status")).Text).RootElement.GetProperty("exports")[0];
        Assert.Equal(2, export.GetProperty("reads").GetInt64());
        Assert.Equal(1, export.GetProperty("waitedReads").GetInt64());
        Assert.Equal("ok", export.GetProperty("health").GetString());
        Assert.Equal(2, export.GetProperty("latency").GetProperty("counts").EnumerateArray().Sum(static count => count.GetInt64()));
        var map = export.GetProperty("map");
        Assert.Equal(32, map.GetProperty("cells").GetInt32());
        Assert.Equal('0', map.GetProperty("recent").GetString()![0]);
        Assert.Equal('f', map.GetProperty("recent").GetString()![31]);
        Assert.Equal('f', map.GetProperty("zero").GetString()![0]);
    }

    [Fact]
    public async Task A_store_that_fails_is_told_and_tried_again_by_those_who_ask()
    {
        await StartAsync("0");
        _board.Phase = ServingPhase.Serving;
        _source.Opening = static (_, _) => throw new BlockDeviceException(BlockError.Io, "the store is away") { IsTransient = true };
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await _device!.Device.ReadAsync(0, new byte[512], Token));

        var (status, text) = await GetAsync("readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal($"export \"{_name}\": the store is away\n", text);

        _source.Opening = static (_, _) => default;
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((await GetAsync("readyz")).Status != HttpStatusCode.OK)
            await retry.WaitForNextTickAsync(Token);
    }

    [Fact]
    public async Task The_page_is_complete_and_keeps_strangers_out()
    {
        await StartAsync("0");
        (string, string)[] files =
        [
            ("", "text/html"),
            ("page.css", "text/css"),
            ("page.js", "text/javascript"),
            ("map.js", "text/javascript"),
            ("icon.svg", "image/svg+xml"),
        ];
        foreach (var (path, type) in files)
        {
            using var answer = await _http.GetAsync(new Uri(_server!.Location + path), Token);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(type, answer.Content.Headers.ContentType!.MediaType);
            var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.NotEmpty(await answer.Content.ReadAsStringAsync(Token));
        }
    }

    [Theory]
    [InlineData("GET", "nothing/here", HttpStatusCode.NotFound)]
    [InlineData("GET", "page/../secret", HttpStatusCode.NotFound)]
    [InlineData("POST", "readyz", HttpStatusCode.MethodNotAllowed)]
    [InlineData("HEAD", "healthz", HttpStatusCode.OK)]
    public async Task Other_requests_are_refused(string method, string path, HttpStatusCode expected)
    {
        await StartAsync("0");
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_server!.Location + path));
        using var answer = await _http.SendAsync(request, Token);
        Assert.Equal(expected, answer.StatusCode);
    }

    [Theory]
    [InlineData("rebound.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("LocalHost:1", HttpStatusCode.OK)]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    [InlineData("[::1]:9464", HttpStatusCode.OK)]
    public async Task Names_that_could_be_anybodys_are_not_answered_on_loopback(string host, HttpStatusCode expected)
    {
        await StartAsync("0");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_server!.Location + "healthz")) { Headers = { Host = host } };
        using var answer = await _http.SendAsync(request, Token);
        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task A_unix_socket_is_its_owners_alone_and_goes_away()
    {
        var folder = Directory.CreateTempSubdirectory("becket-test-");
        var path = Path.Combine(folder.FullName, "status");
        await StartAsync(path);
        Assert.Equal(path, _server!.Location);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler);
        Assert.Equal("alive\n", await http.GetStringAsync(new Uri("http://localhost/healthz"), Token));
        await _server.DisposeAsync();
        _server = null;
        Assert.False(File.Exists(path));
        folder.Delete();
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_its_option()
    {
        await StartAsync("0");
        var port = new Uri(_server!.Location).Port;
        var e = await Assert.ThrowsAsync<CommandException>(
            () => StatusServer.StartAsync(StatusAddress.Parse($"{port}"), new StatusBoard(), NullLoggerFactory.Instance, Token));
        Assert.Contains("--status", e.Message, StringComparison.Ordinal);
        Assert.Contains($"{port}", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0f, '0')]
    [InlineData(0.001f, '1')]
    [InlineData(0.999f, 'e')]
    [InlineData(1f, 'f')]
    public void Something_is_never_shown_as_nothing_and_only_all_as_all(float share, char digit) =>
        Assert.Equal(new string(digit, 1), SnapshotTaker.Digits([share]));

    private async Task StartAsync(string address)
    {
        _server = await StatusServer.StartAsync(StatusAddress.Parse(address), _board, NullLoggerFactory.Instance, Token);
        var cached = new CacheFilter(_source, _cache, identity: null, new CacheSettings(), TimeProvider.System, NullLogger.Instance);
        _device = DeviceStack.Over(_name, cached, "", NullLoggerFactory.Instance);
        _ = _board.Show([new ShownExport(_name, "s3://b/k", _device)], _opener, _noCache);
    }

    private async Task<(HttpStatusCode Status, string Text)> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(_server!.Location + path), Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token));
    }
}
