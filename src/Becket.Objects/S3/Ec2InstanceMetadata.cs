using System.Net.Sockets;
using Amazon.Runtime;

namespace Becket.Objects.S3;

/// <summary>
/// The metadata service of an EC2 instance, which has the credentials of the instance's role. Nearly no machine is one,
/// so the service must take a connection within a second before anybody waits for it.
/// </summary>
internal sealed class Ec2InstanceMetadata(Func<string, string?> variable, TimeProvider time)
{
    private static readonly Uri DefaultEndpoint = new("http://169.254.169.254");
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    public async ValueTask<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        if (string.Equals(variable("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return false;
        var endpoint = Uri.TryCreate(variable("AWS_EC2_METADATA_SERVICE_ENDPOINT"), UriKind.Absolute, out var given)
            ? given
            : DefaultEndpoint;

        using var timeout = new CancellationTokenSource(ConnectTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(endpoint.Host, endpoint.Port, linked.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>The role's credentials, which renew themselves. Asks for the role's name at once.</summary>
    public async ValueTask<AWSCredentials> GetCredentialsAsync(CancellationToken cancellationToken) =>
        await Task.Run(() => new InstanceProfileAWSCredentials(), cancellationToken).WaitAsync(AnswerTimeout, time, cancellationToken);
}
