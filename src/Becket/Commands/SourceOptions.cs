using System.CommandLine;
using Becket.Objects.S3;
using Becket.Sources;

namespace Becket.Commands;

/// <summary>
/// The options that say how a source is reached: endpoint, credentials, trust. Named as the AWS CLI names them; shared by
/// every command that opens a source.
/// </summary>
internal sealed class SourceOptions
{
    private readonly Option<string> _endpointUrl = new("--endpoint-url")
    {
        Description = "S3 endpoint, such as http://rgw:7480",
        HelpName = "URL",
    };
    private readonly Option<string> _region = new("--region")
    {
        Description = "S3 region (learnt from the store where it can be)",
        HelpName = "NAME",
    };
    private readonly Option<string> _profile = new("--profile")
    {
        Description = "Profile in ~/.aws/config and ~/.aws/credentials",
        HelpName = "NAME",
    };
    private readonly Option<string> _credentialsFile = new("--credentials-file")
    {
        Description = "AWS credentials file (default: ~/.aws/credentials)",
        HelpName = "FILE",
    };
    private readonly Option<bool> _noSignRequest = new("--no-sign-request") { Description = "Read a public object without credentials" };
    private readonly Option<string> _requestPayer = new("--request-payer")
    {
        Description = "'requester': you pay for the requests",
        HelpName = "WHO",
    };
    private readonly Option<string> _addressing = new("--s3-addressing") { Description = "auto, path or virtual", HelpName = "STYLE" };
    private readonly Option<string> _customerKey = new("--sse-c-key")
    {
        Description = "File with the object's SSE-C key (32 bytes, raw or base64)",
        HelpName = "FILE",
    };
    private readonly Option<string> _caBundle = new("--ca-bundle") { Description = "PEM file of certificates to trust", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        _requestPayer.AcceptOnlyFromAmong("requester");
        _addressing.AcceptOnlyFromAmong("auto", "path", "virtual");
        Option[] options =
        [
            _endpointUrl, _region, _profile, _credentialsFile, _noSignRequest, _requestPayer, _addressing, _customerKey, _caBundle,
        ];
        foreach (var option in options)
            command.Options.Add(option);
    }

    public StoreSettings Read(ParseResult parsed, NbdkitParameters parameters)
    {
        var credentials = parameters.Credentials;
        if (credentials is not null && (parsed.GetValue(_noSignRequest) || parsed.GetValue(_profile) is not null))
            throw CommandException.Usage("access_key= and --profile or --no-sign-request exclude one another");

        UseCredentialsFile(parsed.GetValue(_credentialsFile));
        return new StoreSettings
        {
            Aws = new AwsSettings
            {
                EndpointUrl = parsed.GetValue(_endpointUrl) ?? parameters.EndpointUrl,
                Region = parsed.GetValue(_region),
                Profile = parsed.GetValue(_profile),
                CaBundle = FullPath(parsed.GetValue(_caBundle)),
                Addressing = parsed.GetValue(_addressing) switch
                {
                    "path" => S3Addressing.Path,
                    "virtual" => S3Addressing.VirtualHost,
                    _ => S3Addressing.Auto,
                },
            },
            NoSignRequest = parsed.GetValue(_noSignRequest),
            RequesterPays = parsed.GetValue(_requestPayer) is not null,
            CustomerKeyFile = FullPath(parsed.GetValue(_customerKey)),
            Credentials = credentials,
        };
    }

    /// <summary>By the variable that says the same, which is where the AWS SDK looks.</summary>
    private static void UseCredentialsFile(string? file)
    {
        if (file is null)
            return;
        if (!File.Exists(file))
            throw new CommandException($"--credentials-file: there is no file {file}");
        Environment.SetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE", Path.GetFullPath(file));
    }

    private static string? FullPath(string? file) => file is { Length: > 0 } ? Path.GetFullPath(file) : file;
}
