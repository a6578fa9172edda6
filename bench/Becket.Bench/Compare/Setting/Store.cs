using System.Diagnostics;
using System.Net.Http.Json;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Becket.Bench.Proxy;

namespace Becket.Bench.Compare.Setting;

/// <summary>The store that all races read from: one bucket whose objects everybody may read, since curl cannot sign.</summary>
internal sealed class Store(S3Account account) : IDisposable
{
    public const string Bucket = "bench";

    private readonly AmazonS3Client _client = new(
        new BasicAWSCredentials(account.AccessKey, account.SecretKey),
        new AmazonS3Config
        {
            ServiceURL = account.Endpoint.ToString(),
            ForcePathStyle = true,
            Timeout = TimeSpan.FromMinutes(5),
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        });

    public S3Account Account => account;

    public Task CreateBucketAsync(CancellationToken cancellationToken) => _client.PutBucketAsync(Bucket, cancellationToken);

    public async Task PutAsync(Image image, CancellationToken cancellationToken)
    {
        var request = new PutObjectRequest
        {
            BucketName = Bucket,
            Key = image.Key,
            FilePath = image.Path,
            CannedACL = S3CannedACL.PublicRead,
        };
        await _client.PutObjectAsync(request, cancellationToken);
    }

    public void Dispose() => _client.Dispose();
}

/// <summary>The store as seen from some distance: a latency proxy in a process of its own.</summary>
internal sealed class DistantStore : IAsyncDisposable
{
    private const string Listening = "listening: ";
    private static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(30);

    private readonly RunningProcess _proxy;
    private readonly HttpClient _http;

    private DistantStore(RunningProcess proxy, int latencyMs)
    {
        _proxy = proxy;
        LatencyMs = latencyMs;
        Origin = "http://" + proxy.Words.Split('\n').First(IsListening)[Listening.Length..];
        _http = new HttpClient { BaseAddress = new Uri(Origin) };
    }

    public int LatencyMs { get; }

    /// <summary>Scheme, address and port, without a slash behind them.</summary>
    public string Origin { get; }

    public static async Task<DistantStore> StartAsync(Uri store, int latencyMs, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath!,
            ["latency-proxy", "--upstream", store.Authority, "--latency-ms", $"{latencyMs}"]);
        return new DistantStore(
            await RunningProcess.StartAsync(start, process => process.Words.Split('\n').Any(IsListening), cancellationToken),
            latencyMs);
    }

    public Uri UrlOf(Image image) => new($"{Origin}/{Store.Bucket}/{image.Key}");

    private static bool IsListening(string line) => line.StartsWith(Listening, StringComparison.Ordinal);

    public async Task<ProxyCounts> CountsAsync(CancellationToken cancellationToken) =>
        (await _http.GetFromJsonAsync<ProxyCounts>(ProxyConnection.CountersPath, ProxyCounts.Json, cancellationToken))!;

    /// <summary>Waits until nobody reads any more, and starts to count anew.</summary>
    public async Task ResetCountsAsync(CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        while ((await CountsAsync(cancellationToken)).InFlight > 0 && Stopwatch.GetElapsedTime(begin) < QuietLimit)
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Delete, ProxyConnection.CountersPath);
        using var response = await _http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _proxy.DisposeAsync();
    }
}
