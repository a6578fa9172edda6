using Amazon.S3;
using Amazon.S3.Model;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Faults;

/// <summary>
/// A radosgw of a test's own with the objects of a <see cref="FaultRun"/>, and what can happen to them. Every change can be put back.
/// </summary>
internal sealed class TroubledGateway : IAsyncDisposable
{
    private const string DenyReading =
        $$"""
        {"Version": "2012-10-17", "Statement": [
          {"Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::{{TroubledStore.Bucket}}/*"]}]}
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly RadosGateway _gateway;
    private readonly AmazonS3Client _client;

    private TroubledGateway(RadosGateway gateway)
    {
        _gateway = gateway;
        _client = gateway.Endpoint.CreateClient();
    }

    public static async Task<TroubledGateway> StartAsync(CancellationToken cancellationToken)
    {
        var gateway = new TroubledGateway(await RadosGateway.StartAsync(cancellationToken));
        await gateway.PutBucketAsync(cancellationToken);
        return gateway;
    }

    public TroubleWith Killed => With(_gateway.KillGatewayAsync, _gateway.StartGatewayAsync);

    public TroubleWith Paused => With(
        token => _gateway.SignalGatewayAsync("STOP", token), token => _gateway.SignalGatewayAsync("CONT", token));

    /// <summary>Over before anybody reads: what is left of it is the connections that had been open.</summary>
    public TroubleWith Restarted => With(_gateway.RestartGatewayAsync, static _ => Task.CompletedTask);

    public TroubleWith ObjectsReplaced => With(token => PutObjectsAsync(static _ => 99, token), PutObjectsAsync);

    public TroubleWith ObjectsDeleted => With(DeleteObjectsAsync, PutObjectsAsync);

    public TroubleWith BucketDeleted => With(DeleteBucketAsync, PutBucketAsync);

    public TroubleWith PermissionWithdrawn => With(
        token => _client.PutBucketPolicyAsync(
            new PutBucketPolicyRequest { BucketName = TroubledStore.Bucket, Policy = DenyReading }, token),
        token => _client.DeleteBucketPolicyAsync(new DeleteBucketPolicyRequest { BucketName = TroubledStore.Bucket }, token));

    public TroubleWith KeyRemoved => With(_gateway.RemoveKeyAsync, _gateway.PutKeyBackAsync);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    private TroubleWith With(Func<CancellationToken, Task> begin, Func<CancellationToken, Task> end) =>
        new(new Source(["--endpoint-url", _gateway.Endpoint.Url.OriginalString], _gateway.Endpoint.Environment), begin, end);

    private async Task PutBucketAsync(CancellationToken cancellationToken)
    {
        await _client.PutBucketAsync(TroubledStore.Bucket, cancellationToken);
        await PutObjectsAsync(cancellationToken);
    }

    private Task PutObjectsAsync(CancellationToken cancellationToken) => PutObjectsAsync(static number => number, cancellationToken);

    /// <summary>Puts the objects with the bytes of other ones, or their own.</summary>
    private async Task PutObjectsAsync(Func<int, int> bytesOf, CancellationToken cancellationToken)
    {
        var number = 0;
        foreach (var key in FaultRun.Objects)
        {
            KnownBytes.Write(_folder[key], bytesOf(++number), TroubledStore.Size);
            var put = new PutObjectRequest { BucketName = TroubledStore.Bucket, Key = key, FilePath = _folder[key] };
            await _client.PutObjectAsync(put, cancellationToken);
        }
    }

    private async Task DeleteObjectsAsync(CancellationToken cancellationToken)
    {
        foreach (var key in FaultRun.Objects)
            await _client.DeleteObjectAsync(TroubledStore.Bucket, key, cancellationToken);
    }

    private async Task DeleteBucketAsync(CancellationToken cancellationToken)
    {
        await DeleteObjectsAsync(cancellationToken);
        await _client.DeleteBucketAsync(TroubledStore.Bucket, cancellationToken);
    }
}
