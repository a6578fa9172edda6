using Becket.Objects;
using Becket.Objects.S3;

namespace Becket.Tests.Objects.S3;

public sealed class AwsEnvironmentTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("becket-aws-");
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);

    public AwsEnvironmentTests()
    {
        _variables["HOME"] = _home.FullName;
        Directory.CreateDirectory(Path.Combine(_home.FullName, ".aws"));
        Write(
            "config",
            """
            # the house's settings
            [default]
            region = eu-north-1   # with a comment
            [profile lab]
            region=lab-region
            endpoint_url = http://lab:7480
            ca_bundle = /etc/lab.pem
            s3 =
              addressing_style = virtual
              max_queue_size = 10
            output = json
            [profile serviced]
            endpoint_url = http://general
            services = mine
            ignore_configured_endpoint_urls = false
            [services mine]
            dynamodb =
              endpoint_url = http://dynamo
            s3 =
              endpoint_url = http://s3.mine:7480
            [sso-session region]
            region = not-a-profile
            """);
    }

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public void Nothing_set_means_nothing_known()
    {
        Write("config", "");

        Assert.Equal(new AwsSettings(), Resolve());
    }

    [Fact]
    public void The_default_profile_is_read_where_none_is_named() => Assert.Equal("eu-north-1", Resolve().Region);

    [Fact]
    public void A_profile_brings_all_its_settings()
    {
        _variables["AWS_PROFILE"] = "lab";

        Assert.Equal(
            new AwsSettings
            {
                Region = "lab-region",
                EndpointUrl = "http://lab:7480",
                CaBundle = "/etc/lab.pem",
                Addressing = S3Addressing.VirtualHost,
            },
            Resolve());
    }

    [Fact]
    public void A_profile_given_by_name_comes_before_the_one_in_the_environment()
    {
        _variables["AWS_PROFILE"] = "lab";

        Assert.Equal("eu-north-1", Resolve(new AwsSettings { Profile = "default" }).Region);
    }

    [Theory]
    [InlineData(null, null, null, "lab-region")]
    [InlineData(null, null, "default-region", "default-region")]
    [InlineData(null, "env-region", "default-region", "env-region")]
    [InlineData("given", "env-region", "default-region", "given")]
    [InlineData(null, "", "", "lab-region")]
    public void The_region_given_comes_before_the_environment_and_that_before_the_profile(
        string? given, string? region, string? defaultRegion, string expected)
    {
        Set(("AWS_PROFILE", "lab"), ("AWS_REGION", region), ("AWS_DEFAULT_REGION", defaultRegion));

        Assert.Equal(expected, Resolve(new AwsSettings { Region = given }).Region);
    }

    [Theory]
    [InlineData("lab", null, null, null, "http://lab:7480")]
    [InlineData("serviced", null, null, null, "http://s3.mine:7480")]
    [InlineData("serviced", null, null, "http://all", "http://all")]
    [InlineData("serviced", null, "http://s3", "http://all", "http://s3")]
    [InlineData("serviced", "http://given", "http://s3", "http://all", "http://given")]
    [InlineData("default", null, null, null, null)]
    public void The_endpoint_for_S3_comes_before_the_one_for_all_services(
        string profile, string? given, string? s3, string? all, string? expected)
    {
        Set(("AWS_PROFILE", profile), ("AWS_ENDPOINT_URL_S3", s3), ("AWS_ENDPOINT_URL", all));

        Assert.Equal(expected, Resolve(new AwsSettings { EndpointUrl = given }).EndpointUrl);
    }

    [Fact]
    public void Configured_endpoints_can_be_switched_off_but_not_the_given_one()
    {
        Set(("AWS_PROFILE", "lab"), ("AWS_ENDPOINT_URL", "http://all"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"));

        Assert.Null(Resolve().EndpointUrl);
        Assert.Equal("http://given", Resolve(new AwsSettings { EndpointUrl = "http://given" }).EndpointUrl);
    }

    [Fact]
    public void The_bundle_in_the_environment_comes_before_that_of_the_profile()
    {
        Set(("AWS_PROFILE", "lab"), ("AWS_CA_BUNDLE", "/env.pem"));

        Assert.Equal("/env.pem", Resolve().CaBundle);
        Assert.Equal("/given.pem", Resolve(new AwsSettings { CaBundle = "/given.pem" }).CaBundle);
    }

    [Fact]
    public void Addressing_given_comes_before_the_profile()
    {
        _variables["AWS_PROFILE"] = "lab";

        Assert.Equal(S3Addressing.Path, Resolve(new AwsSettings { Addressing = S3Addressing.Path }).Addressing);
    }

    [Fact]
    public void The_credentials_file_names_profiles_too()
    {
        Write("credentials", "[plain]\nregion = from-credentials\n[lab]\nregion = loses\n");
        _variables["AWS_PROFILE"] = "plain";

        Assert.Equal("from-credentials", Resolve().Region);
        Assert.Equal("lab-region", Resolve(new AwsSettings { Profile = "lab" }).Region);
    }

    [Fact]
    public void The_files_may_be_elsewhere()
    {
        var path = Path.Combine(_home.FullName, "elsewhere");
        File.WriteAllText(path, "[default]\nregion = elsewhere\n");
        _variables["AWS_CONFIG_FILE"] = path;

        Assert.Equal("elsewhere", Resolve().Region);
    }

    [Fact]
    public void A_profile_that_does_not_exist_is_an_error_that_names_the_others()
    {
        var e = Assert.Throws<ObjectStoreException>(() => Resolve(new AwsSettings { Profile = "lap" }));

        Assert.Equal(ObjectStoreError.NoCredentials, e.Error);
        Assert.Contains("there is no profile 'lap' in ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("; they have: default, lab, serviced", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://rgw:7480", true)]
    [InlineData("https://account.r2.cloudflarestorage.com", true)]
    [InlineData("rgw:7480", false)]
    [InlineData("rgw", false)]
    [InlineData("/etc", false)]
    [InlineData("http://", false)]
    [InlineData("", false)]
    public void An_endpoint_is_an_http_url(string text, bool isOne)
    {
        var e = Record.Exception(() => AwsEnvironment.ParseEndpoint(text));

        Assert.Equal(isOne, e is null);
        if (!isOne)
            Assert.Contains("write for instance http://rgw:7480", Assert.IsType<ObjectStoreException>(e).Message, StringComparison.Ordinal);
    }

    private AwsSettings Resolve(AwsSettings? given = null)
    {
        var settings = AwsEnvironment.Resolve(given ?? new AwsSettings(), name => _variables.GetValueOrDefault(name));
        return settings with { Profile = null };
    }

    private void Set(params (string Name, string? Value)[] variables)
    {
        foreach (var (name, value) in variables)
        {
            if (value is not null)
                _variables[name] = value;
        }
    }

    private void Write(string file, string content) => File.WriteAllText(Path.Combine(_home.FullName, ".aws", file), content);
}
